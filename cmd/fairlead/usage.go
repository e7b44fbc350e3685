package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/statefile"
	"github.com/fairlead/fairlead/quota"
)

const (
	usageFile = "usage.json"
	// usageInterval is how much of the bytes of users a crash can lose.
	usageInterval = time.Minute
)

// usageKeeper keeps what users have used of their bytes over a restart.
type usageKeeper struct {
	file    statefile.File[quota.Usage]
	path    string
	changed func() quota.Usage
	log     *zap.Logger

	kept      quota.Usage                // but for its users; owned by run, then by save
	users     map[quota.UserUsage]uint64 // bytes, by user without them; owned by run, then by save
	isFailing bool                       // owned by run, then by save
}

// usageOwner is the part of a server that counts the bytes of users.
type usageOwner interface {
	RestoreUsage(quota.Usage) bool
	ChangedUsage() quota.Usage
}

// openUsage gives a server what its users had used before it started; nil without a
// state directory.
func openUsage(stateDir string, server usageOwner, log *zap.Logger) (*usageKeeper, error) {
	if stateDir == "" {
		return nil, nil
	}
	k := &usageKeeper{
		file: statefile.In[quota.Usage](stateDir, usageFile), path: filepath.Join(stateDir, usageFile),
		changed: server.ChangedUsage, log: log.Named("usage"), users: make(map[quota.UserUsage]uint64),
	}
	before, err := k.file.Load()
	if err != nil {
		return nil, fmt.Errorf("load the usage of users: %w", err)
	}
	if server.RestoreUsage(before) {
		k.merge(before)
	}
	return k, nil
}

// merge takes in what users have used by now. A new period begins with nobody.
func (k *usageKeeper) merge(usage quota.Usage) {
	if !usage.Start.Equal(k.kept.Start) || !usage.End.Equal(k.kept.End) {
		clear(k.users)
	}
	k.kept.Start, k.kept.End = usage.Start, usage.End
	for _, each := range usage.Users {
		bytes := each.Bytes
		each.Bytes = 0
		k.users[each] = bytes
	}
}

// run saves now and then until ctx is done; nobody waits for it.
func (k *usageKeeper) run(ctx context.Context) {
	ticker := time.NewTicker(usageInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			k.save()
		}
	}
}

// save writes the file if somebody was charged since the last time. Once the server
// has ended it writes all that is left.
func (k *usageKeeper) save() {
	changed := k.changed()
	if len(changed.Users) == 0 && !k.isFailing {
		return
	}
	k.merge(changed)
	whole := k.kept
	for user, bytes := range k.users {
		user.Bytes = bytes
		whole.Users = append(whole.Users, user)
	}
	err := k.file.Save(whole)
	if err != nil && !k.isFailing {
		k.log.Error("the bytes that users have used are not saved: a restart would forget them; give the server room and the right to write in state_dir",
			zap.String("file", k.path), logging.Err(err))
	}
	k.isFailing = err != nil
}
