package server

import (
	"context"
	"fmt"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// EndRevoked ends the live allocations of everybody whom Config.Revocations
// covers, and returns when every worker has done so. New requests need no call.
func (s *Server) EndRevoked(ctx context.Context, workers []*fastpath.Worker) error {
	if err := s.onEach(ctx, workers, (*Handler).endIfRevoked); err != nil {
		return fmt.Errorf("end revoked allocations: %w", err)
	}
	return nil
}

func (h *Handler) endIfRevoked(a *allocation.Allocation) {
	kept := h.held.at(a.Handle)
	if h.server.isRevoked(kept.realm, a.Username, authn.Credential{User: a.User, SecretName: kept.secretName, Tenant: kept.tenant}) {
		h.end(a, endRevoked)
	}
}

// isRevoked reports whether a credential was taken back.
func (s *Server) isRevoked(realm, username string, c authn.Credential) bool {
	return s.config.Revocations != nil && s.config.Revocations.Covers(realm, username, c)
}
