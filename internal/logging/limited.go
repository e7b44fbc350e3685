package logging

import (
	"sync"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

const (
	// LimitedLines is how many lines of one message a Limited lets through
	// in one LimitedInterval: enough to see what is going on, too few to
	// fill a disk.
	LimitedLines = 5
	// LimitedInterval starts with the first line of a message. When it ends,
	// one further line says how many were suppressed, if any were.
	LimitedInterval = 10 * time.Second
)

// Limited logs lines that an unauthenticated packet can cause. Each message
// has its own budget, so one noisy line never hides another. Messages are
// constants of this program, which bounds the memory. Safe for concurrent use.
type Limited struct {
	log *zap.Logger

	mu      sync.Mutex
	windows map[string]*window // guarded by mu; by message
}

// window is the budget of one message in the running interval.
type window struct {
	ends       time.Time
	lines      int
	suppressed int
}

// NewLimited wraps a logger.
func NewLimited(log *zap.Logger) *Limited {
	return &Limited{log: log, windows: make(map[string]*window)}
}

// Debug logs within the budget of the message.
func (l *Limited) Debug(msg string, fields ...zap.Field) { l.write(zapcore.DebugLevel, msg, fields) }

// Info logs within the budget of the message.
func (l *Limited) Info(msg string, fields ...zap.Field) { l.write(zapcore.InfoLevel, msg, fields) }

// Warn logs within the budget of the message.
func (l *Limited) Warn(msg string, fields ...zap.Field) { l.write(zapcore.WarnLevel, msg, fields) }

// Error logs within the budget of the message.
func (l *Limited) Error(msg string, fields ...zap.Field) { l.write(zapcore.ErrorLevel, msg, fields) }

func (l *Limited) write(level zapcore.Level, msg string, fields []zap.Field) {
	if !l.log.Core().Enabled(level) || !l.take(level, msg) {
		return
	}
	l.log.Log(level, msg, fields...)
}

// take spends one line of the budget of a message. The first line it refuses
// arms the report at the end of the window.
func (l *Limited) take(level zapcore.Level, msg string) bool {
	now := time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.windows[msg]
	if w == nil || !now.Before(w.ends) {
		w = &window{ends: now.Add(LimitedInterval)}
		l.windows[msg] = w
	}
	if w.lines < LimitedLines {
		w.lines++
		return true
	}
	if w.suppressed++; w.suppressed == 1 {
		time.AfterFunc(w.ends.Sub(now), func() { l.report(level, msg, w) })
	}
	return false
}

// report ends a window and says what it held back. The window may have been
// replaced already by a line that came in before this timer did.
func (l *Limited) report(level zapcore.Level, msg string, w *window) {
	l.mu.Lock()
	held := w.suppressed
	if l.windows[msg] == w {
		delete(l.windows, msg)
	}
	l.mu.Unlock()
	l.log.Log(level, msg, suppressed(held))
}
