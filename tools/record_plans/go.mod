module record_plans

go 1.24

require github.com/hashicorp/terraform-plugin-sdk/v2 v2.40.1
