// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"strings"

	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	"github.com/hashicorp/terraform-plugin-sdk/v2/helper/schema"
)

// One attribute or block of a table: `name kind flags [default]`, blocks indented beneath their
// parent by two spaces a level.
//
// kind:  string bool int list:string set:string map block set-block
// flags: r required, o optional, c computed, 1 at most one (blocks)
func parse(table string) map[string]*schema.Schema {
	type level struct {
		depth  int
		fields map[string]*schema.Schema
	}
	root := map[string]*schema.Schema{}
	stack := []level{{-1, root}}
	for _, line := range strings.Split(table, "\n") {
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		depth := len(line) - len(strings.TrimLeft(line, " "))
		for stack[len(stack)-1].depth >= depth {
			stack = stack[:len(stack)-1]
		}
		parent := stack[len(stack)-1].fields
		name, kind, flags := words[0], words[1], words[2]
		s := &schema.Schema{
			Required: strings.Contains(flags, "r"),
			Optional: strings.Contains(flags, "o"),
			Computed: strings.Contains(flags, "c"),
		}
		if strings.Contains(flags, "1") {
			s.MaxItems = 1
		}
		parent[name] = s
		switch kind {
		case "string":
			s.Type = schema.TypeString
			if len(words) > 3 {
				s.Default = words[3]
			}
		case "bool":
			s.Type = schema.TypeBool
			if len(words) > 3 {
				s.Default = words[3] == "true"
			}
		case "int":
			s.Type = schema.TypeInt
		case "map":
			s.Type, s.Elem = schema.TypeMap, &schema.Schema{Type: schema.TypeString}
		case "list:string":
			s.Type, s.Elem = schema.TypeList, &schema.Schema{Type: schema.TypeString}
		case "set:string":
			s.Type, s.Elem = schema.TypeSet, &schema.Schema{Type: schema.TypeString}
		case "block", "set-block":
			fields := map[string]*schema.Schema{}
			s.Type, s.Elem = schema.TypeList, &schema.Resource{Schema: fields}
			if kind == "set-block" {
				s.Type = schema.TypeSet
			}
			stack = append(stack, level{depth, fields})
		default:
			panic("kind " + kind)
		}
	}
	return root
}

func refuse(context.Context, *schema.ResourceData, any) diag.Diagnostics {
	return diag.Errorf("this provider only plans")
}

func resources() map[string]*schema.Resource {
	out := map[string]*schema.Resource{}
	for name, table := range tables {
		out[name] = &schema.Resource{
			Schema:        parse(table),
			CreateContext: refuse, ReadContext: refuse, UpdateContext: refuse, DeleteContext: refuse,
		}
	}
	return out
}
