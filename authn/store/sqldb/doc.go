// Package sqldb is the back-end for SQL databases: SQLite, PostgreSQL and MySQL
// or MariaDB.
//
// It reads one of two schemas. SchemaFairlead has the long-term keys of users in
// both forms and a column with the USERHASH of RFC 8489 section 14.4.
// SchemaCoturn is coturn's tables turnusers_lt and turn_secret as they stand,
// with MD5 keys only.
//
// It makes no tables unless asked to by Prepare. Every value reaches the
// database as a parameter; the only text that varies in a statement are its
// placeholders. A DB is safe for concurrent use.
package sqldb
