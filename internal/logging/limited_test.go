package logging_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/fairlead/fairlead/internal/logging"
)

// observed returns a Limited and the lines that it really wrote.
func observed(level zapcore.Level) (*logging.Limited, *observer.ObservedLogs) {
	core, lines := observer.New(level)
	return logging.NewLimited(zap.New(core)), lines
}

func TestLimitedPassesWhatFitsTheBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, lines := observed(zapcore.InfoLevel)
		for range logging.LimitedLines {
			l.Warn("odd packet", logging.Code(400))
		}
		time.Sleep(2 * logging.LimitedInterval)
		synctest.Wait()
		if got := lines.Len(); got != logging.LimitedLines {
			t.Errorf("got %d lines, want %d and no report", got, logging.LimitedLines)
		}
		if got := lines.All()[0].ContextMap()["code"]; got != int64(400) {
			t.Errorf("got code %v, want 400: fields must pass through", got)
		}
	})
}

func TestLimitedReportsWhatItSuppressed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, lines := observed(zapcore.InfoLevel)
		for range logging.LimitedLines + 1000 {
			l.Warn("odd packet")
		}
		if got := lines.Len(); got != logging.LimitedLines {
			t.Fatalf("got %d lines during the interval, want %d", got, logging.LimitedLines)
		}
		time.Sleep(logging.LimitedInterval)
		synctest.Wait()
		all := lines.All()
		if len(all) != logging.LimitedLines+1 {
			t.Fatalf("got %d lines after the interval, want %d", len(all), logging.LimitedLines+1)
		}
		last := all[len(all)-1]
		if last.Message != "odd packet" || last.Level != zapcore.WarnLevel || last.ContextMap()["suppressed"] != int64(1000) {
			t.Errorf("got %q at %s with %v, want the same message and level with suppressed=1000", last.Message, last.Level, last.ContextMap())
		}
	})
}

func TestLimitedBudgetComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, lines := observed(zapcore.InfoLevel)
		for range 3 {
			for range 2 * logging.LimitedLines {
				l.Warn("odd packet")
			}
			time.Sleep(logging.LimitedInterval)
			synctest.Wait()
		}
		if got, want := lines.Len(), 3*(logging.LimitedLines+1); got != want {
			t.Errorf("got %d lines in three intervals, want %d", got, want)
		}
	})
}

func TestLimitedMessagesHaveTheirOwnBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, lines := observed(zapcore.InfoLevel)
		for range 100 {
			l.Warn("noise")
		}
		l.Error("important")
		if got := lines.FilterMessage("important").Len(); got != 1 {
			t.Errorf("got %d important lines, want 1", got)
		}
		time.Sleep(logging.LimitedInterval)
	})
}

func TestLimitedIgnoresDisabledLevels(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, lines := observed(zapcore.WarnLevel)
		for range 100 {
			l.Debug("detail")
			l.Info("detail")
		}
		l.Warn("detail")
		if got := lines.Len(); got != 1 {
			t.Errorf("got %d lines, want 1: a disabled level spends no budget", got)
		}
	})
}

func TestLimitedUnderContention(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, lines := observed(zapcore.InfoLevel)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 100 {
					l.Warn("odd packet")
				}
			})
		}
		group.Wait()
		time.Sleep(logging.LimitedInterval)
		synctest.Wait()
		all := lines.All()
		if got, want := all[len(all)-1].ContextMap()["suppressed"], int64(800-logging.LimitedLines); got != want {
			t.Errorf("got suppressed=%v, want %d", got, want)
		}
	})
}
