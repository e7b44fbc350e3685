// Package httphook is the back-end that asks an HTTP service about each user.
//
// It sends POST with the JSON object {"realm": "...", "username": "..."} and a
// bearer token. The service answers 404 for a user that it does not know, or 200
// with a JSON object: password, or key_md5 and key_sha256 in hexadecimal, and if
// wanted user (the identity that quotas count by) and expires_at (Unix seconds).
// A password is hashed at once and not kept.
//
// Redirects are not followed and proxies of the environment not used: the token
// goes to the configured service only. Answers are bounded. A Hook is safe for
// concurrent use.
package httphook
