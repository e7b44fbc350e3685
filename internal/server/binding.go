package server

// binding answers a Binding request, RFC 8489 section 6.3.1.1, without any
// state and without credentials.
func (h *Handler) binding(r *request) error {
	h.success(r).XORMappedAddress(r.from.Client)
	h.send(r)
	return nil
}
