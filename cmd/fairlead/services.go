package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/adminapi"
	"github.com/fairlead/fairlead/internal/alternate"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/credentials"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/httpserve"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/statefile"
)

// endTimeout bounds how long a revocation, or a ban, waits for the workers, which
// take milliseconds.
const endTimeout = 10 * time.Second

// openRevocations reads the list of what is revoked from the state directory,
// if there is one.
func openRevocations(stateDir string) (*authn.Revocations, error) {
	if stateDir == "" {
		return authn.OpenRevocations(nil)
	}
	if err := checkStateDir(stateDir); err != nil {
		return nil, err
	}
	return authn.OpenRevocations(statefile.In[[]authn.Revocation](stateDir, "revocations.json"))
}

// checkStateDir says what is wrong with the state directory.
func checkStateDir(stateDir string) error {
	switch info, err := os.Stat(stateDir); {
	case err != nil:
		return fmt.Errorf("open state_dir: %w; create the directory for the user of the server", err)
	case !info.IsDir():
		return fmt.Errorf("open state_dir: %s is not a directory", stateDir)
	}
	return nil
}

// newEvents sets up who hears about allocations.
func newEvents(cfg *config.Config, log *zap.Logger) *events.Bus {
	sinks := cfg.EventSinks()
	if cfg.Events.Log {
		sinks = append(sinks, events.Log{Logger: log.Named("events")})
	}
	return events.New(log, sinks...)
}

// listenServices opens the HTTP listeners that act on the running server, up to the
// first that does not open.
func (i *instance) listenServices(cfg *config.Config) error {
	if address, on := cfg.AdminAddress(); on {
		if err := i.listen(httpserve.Config{Purpose: "the admin API", Address: address, Handler: i.adminHandler(cfg)}); err != nil {
			return err
		}
	}
	address, on := cfg.CredentialEndpointAddress()
	if !on {
		return nil
	}
	open := httpserve.Config{Purpose: "credentials", Address: address, Handler: i.credentials}
	if cfg.CredentialEndpoint.HTTPS {
		open.TLS = i.tls.TLS().Clone()
		open.TLS.NextProtos = []string{"http/1.1"}
	}
	return i.listen(open)
}

// closeServices closes those of a server that does not run.
func (i *instance) closeServices() {
	for _, service := range i.services {
		service.Close()
	}
}

// credentialConfig is what the credential endpoint serves.
func (i *instance) credentialConfig(cfg *config.Config) credentials.Config {
	return credentials.Config{
		Keys:    cfg.CredentialKeys(),
		Origins: cfg.CredentialEndpoint.AllowedOrigins,
		URLs: func(name string) []string {
			realm, _ := cfg.RealmOf(name)
			if i.isStopping.Load() {
				return i.otherURLs(cfg, realm)
			}
			return urlsOf(cfg, realm, i.addresses.All())
		},
		Revocations: i.revocations,
		EndRevoked:  i.endRevoked,
		Audit: func(key string, revocation authn.Revocation) {
			i.log.Named("credentials").Info("revoked", zap.String("api_key", key), zap.String("id", revocation.ID()),
				logging.Realm(revocation.Realm), zap.String("tenant", revocation.Tenant), zap.Time("until", revocation.Until))
		},
	}
}

// endRevoked ends the live allocations of whoever is revoked.
func (i *instance) endRevoked(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, endTimeout)
	defer cancel()
	return i.server.EndRevoked(ctx, i.engine.Workers())
}

// otherURLs are the URLs of the other servers that answer, for clients of a server
// that takes no more: those of the main realm only, which all of them have.
func (i *instance) otherURLs(cfg *config.Config, realm config.Realm) []string {
	if realm.Name != cfg.Auth.Realm {
		return nil
	}
	var urls []string
	for _, other := range i.others.Healthy() {
		switch {
		case other.Transport != alternate.TLS:
			urls = append(urls, fmt.Sprintf("turn:%s?transport=%s", other.Address, other.Transport))
		case other.Domain != "": // its certificate is not for the address
			urls = append(urls, fmt.Sprintf("turns:%s:%d?transport=tcp", other.Domain, other.Address.Port()))
		}
	}
	return urls
}

// listen opens one more HTTP listener.
func (i *instance) listen(cfg httpserve.Config) error {
	cfg.Log = i.log
	service, err := httpserve.Listen(cfg)
	if err != nil {
		return err
	}
	i.services = append(i.services, service)
	return nil
}

// adminHandler is the admin API on this instance.
func (i *instance) adminHandler(cfg *config.Config) http.Handler {
	return adminapi.Handler(adminapi.Config{
		Token:       cfg.Admin.Token.Reveal(),
		Revocations: i.revocations,
		EndRevoked:  i.endRevoked,
		Bans:        i.bans,
		EndBanned:   i.endBanned,
		MainRealm:   i.server.MainRealm(),
		HasRealm:    i.server.HasRealm,
		Log:         i.log,
	})
}
