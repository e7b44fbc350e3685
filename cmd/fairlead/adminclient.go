package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/fairlead/fairlead/internal/adminapi"
	"github.com/fairlead/fairlead/internal/config"
	"github.com/fairlead/fairlead/internal/httpserve"
)

const (
	adminTimeout     = 30 * time.Second
	maxAdminResponse = 64 << 20
)

// callAdmin sends one request to the admin API of the configuration and decodes
// its answer.
func callAdmin(ctx context.Context, options config.Options, method, path string, body, into any) error {
	cfg, _, err := config.Load(options)
	if err != nil {
		return err
	}
	address, on := cfg.AdminAddress()
	if !on {
		return errAdminOff
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	host, client := address, http.Client{}
	if socket, isUnix := httpserve.UnixPath(address); isUnix {
		host = "localhost"
		client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}
	}
	var content []byte
	if body != nil {
		if content, err = json.Marshal(body); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	at := url.URL{Scheme: "http", Host: host, Path: path}
	request, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(content))
	if err != nil {
		return fmt.Errorf("prepare request: %w", err)
	}
	request.Header.Set("Content-Type", "application/json")
	if cfg.Admin.Token != "" {
		request.Header.Set("Authorization", "Bearer "+cfg.Admin.Token.Reveal())
	}
	response, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("reach the admin API at %s: %w", address, err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAdminResponse))
	if err != nil {
		return fmt.Errorf("read the answer of %s: %w", address, err)
	}
	if response.StatusCode >= 300 {
		var problem adminapi.Problem
		if json.Unmarshal(answer, &problem) != nil || problem.Error == "" {
			problem.Error = response.Status
		}
		return fmt.Errorf("the server at %s refuses: %s", address, problem.Error)
	}
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("read the answer of %s: %w", address, err)
	}
	return nil
}
