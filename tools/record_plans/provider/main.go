// SPDX-License-Identifier: Apache-2.0

// A provider with the address of the AWS provider and none of its reach: it plans, and it cannot
// create anything.  The shapes of a plan come from the engine and from the plug-in SDK, which are the
// ones that the AWS provider uses; the schemas here are the part of that provider's that our cases
// use (tables.go).
package main

import (
	"flag"

	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
	"github.com/hashicorp/terraform-plugin-sdk/v2/plugin"
)

func main() {
	address := flag.String("address", "example.com/hashicorp/aws", "address of the provider that this one stands for")
	flag.Parse()
	plugin.Serve(&plugin.ServeOpts{
		ProviderAddr: *address,
		ProviderFunc: func() *schema.Provider {
			return &schema.Provider{
				Schema: map[string]*schema.Schema{
					"region": {Type: schema.TypeString, Optional: true},
				},
				ResourcesMap:   resources(),
				DataSourcesMap: dataSources(),
			}
		},
	})
}
