// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

const policyDocument = `
json string c
minified_json string c
policy_id string o
version string o 2012-10-17
source_policy_documents list:string o
override_policy_documents list:string o
statement block o
  sid string o
  effect string o Allow
  actions set:string o
  not_actions set:string o
  resources set:string o
  not_resources set:string o
  principals set-block o
    type string r
    identifiers set:string r
  not_principals set-block o
    type string r
    identifiers set:string r
  condition set-block o
    test string r
    variable string r
    values list:string r
`

func texts(v any) []string {
	var out []string
	if set, ok := v.(*schema.Set); ok {
		v = set.List()
	}
	for _, item := range v.([]any) {
		out = append(out, item.(string))
	}
	return out
}

// The document that statements of known values make.
func readPolicyDocument(_ context.Context, d *schema.ResourceData, _ any) diag.Diagnostics {
	var statements []map[string]any
	for _, raw := range d.Get("statement").([]any) {
		block := raw.(map[string]any)
		s := map[string]any{"Effect": block["effect"]}
		if block["sid"] != "" {
			s["Sid"] = block["sid"]
		}
		for from, to := range map[string]string{"actions": "Action", "not_actions": "NotAction", "resources": "Resource", "not_resources": "NotResource"} {
			if list := texts(block[from]); len(list) > 0 {
				s[to] = list
			}
		}
		for from, to := range map[string]string{"principals": "Principal", "not_principals": "NotPrincipal"} {
			principals := map[string][]string{}
			for _, p := range block[from].(*schema.Set).List() {
				entry := p.(map[string]any)
				principals[entry["type"].(string)] = texts(entry["identifiers"])
			}
			if star, ok := principals["*"]; ok && len(star) == 1 && star[0] == "*" {
				s[to] = "*"
			} else if len(principals) > 0 {
				s[to] = principals
			}
		}
		conditions := map[string]map[string][]string{}
		for _, c := range block["condition"].(*schema.Set).List() {
			entry := c.(map[string]any)
			test := entry["test"].(string)
			if conditions[test] == nil {
				conditions[test] = map[string][]string{}
			}
			conditions[test][entry["variable"].(string)] = texts(entry["values"])
		}
		if len(conditions) > 0 {
			s["Condition"] = conditions
		}
		statements = append(statements, s)
	}
	text, err := json.MarshalIndent(map[string]any{"Version": d.Get("version"), "Statement": statements}, "", "  ")
	if err != nil {
		return diag.FromErr(err)
	}
	d.SetId("document")
	if err := d.Set("json", string(text)); err != nil {
		return diag.FromErr(err)
	}
	return diag.FromErr(d.Set("minified_json", string(text)))
}

func dataSources() map[string]*schema.Resource {
	return map[string]*schema.Resource{
		"aws_iam_policy_document": {Schema: parse(policyDocument), ReadContext: readPolicyDocument},
	}
}
