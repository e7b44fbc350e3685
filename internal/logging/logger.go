package logging

import (
	"fmt"
	"io"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// Format is the shape of a log line.
type Format string

const (
	// FormatConsole is one line of text for people.
	FormatConsole Format = "console"
	// FormatJSON is one JSON object a line for log collectors.
	FormatJSON Format = "json"
)

// New returns a logger that writes to w, which only needs to take whole lines:
// writes are serialised here. The level can be changed at any time.
func New(w io.Writer, format Format, level zapcore.Level) (*zap.Logger, zap.AtomicLevel, error) {
	encoder, err := newEncoder(format)
	if err != nil {
		return nil, zap.AtomicLevel{}, err
	}
	live := zap.NewAtomicLevelAt(level)
	core := zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), live)
	return zap.New(core), live, nil
}

func newEncoder(format Format) (zapcore.Encoder, error) {
	keys := zapcore.EncoderConfig{
		TimeKey:        "time",
		LevelKey:       "level",
		NameKey:        "logger",
		MessageKey:     "msg",
		StacktraceKey:  "stack",
		LineEnding:     zapcore.DefaultLineEnding,
		EncodeTime:     zapcore.RFC3339NanoTimeEncoder,
		EncodeDuration: zapcore.StringDurationEncoder,
		EncodeLevel:    zapcore.LowercaseLevelEncoder,
	}
	switch format {
	case FormatJSON:
		return zapcore.NewJSONEncoder(keys), nil
	case FormatConsole:
		keys.EncodeTime = zapcore.TimeEncoderOfLayout("2006-01-02T15:04:05.000Z07:00")
		keys.EncodeLevel = zapcore.CapitalLevelEncoder
		keys.ConsoleSeparator = "  "
		return zapcore.NewConsoleEncoder(keys), nil
	default:
		return nil, fmt.Errorf("choose log format: %q is neither %q nor %q", format, FormatConsole, FormatJSON)
	}
}

// ParseLevel turns debug, info, warn or error into a level.
func ParseLevel(text string) (zapcore.Level, error) {
	switch text {
	case "debug":
		return zapcore.DebugLevel, nil
	case "info":
		return zapcore.InfoLevel, nil
	case "warn":
		return zapcore.WarnLevel, nil
	case "error":
		return zapcore.ErrorLevel, nil
	default:
		return 0, fmt.Errorf("choose log level: %q is none of debug, info, warn, error", text)
	}
}
