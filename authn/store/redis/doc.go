// Package redis is the back-end for Redis. It reads coturn's keys as they stand:
// turn/realm/REALM/user/NAME/key holds the MD5 key of a user in hexadecimal, and
// the set turn/realm/REALM/secret the shared secrets. The SHA-256 form of a key
// has no place there.
//
// Names go into a key as they are, so one that would make the key of another
// realm is refused. Nothing is searched by pattern but the list of users, in
// which a realm is escaped. A DB is safe for concurrent use.
package redis
