package sqldb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// RealmOption is a limit that coturn keeps for one realm: max-bps, user-quota or
// total-quota.
type RealmOption struct {
	Realm, Name string
	Value       int64
}

// RealmOptions reads the limits in coturn's table turn_realm_option, which the server
// itself never asks for.
func (d *DB) RealmOptions(ctx context.Context) ([]RealmOption, error) {
	const what = "read the options of realms"
	rows, err := d.db.QueryContext(ctx, "SELECT realm, opt, value FROM turn_realm_option ORDER BY realm, opt")
	if err != nil {
		return nil, d.explain(what, err)
	}
	defer rows.Close()
	var options []RealmOption
	for rows.Next() {
		var o RealmOption
		var value string
		if err := rows.Scan(&o.Realm, &o.Name, &value); err != nil {
			return nil, d.explain(what, err)
		}
		if o.Value, err = strconv.ParseInt(strings.TrimSpace(value), 10, 64); err != nil {
			return nil, fmt.Errorf("%s: %s of realm %q is not a number", what, o.Name, o.Realm)
		}
		options = append(options, o)
	}
	return options, d.explain(what, rows.Err())
}
