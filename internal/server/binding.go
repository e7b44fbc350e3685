package server

// binding answers a Binding request, RFC 8489 section 6.3.1.1, without any
// state and without credentials.
func (h *Handler) binding(r *request) error {
	if d, ok := h.discoveryAt(r); ok {
		return h.discover(r, d)
	}
	answer := h.success(r)
	answer.XORMappedAddress(r.from.Source())
	if h.settings.MappedAddress {
		answer.MappedAddress(r.from.Source())
	}
	h.send(r)
	return nil
}
