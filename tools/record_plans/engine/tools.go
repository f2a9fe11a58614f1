// SPDX-License-Identifier: Apache-2.0

//go:build tools

// The engine that records the plans, at the version in go.mod.  A module of its own, since
// OpenTofu replaces a dependency and can therefore not be installed by name.
package tools

import _ "github.com/opentofu/opentofu/cmd/tofu"
