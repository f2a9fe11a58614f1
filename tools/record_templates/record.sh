#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Synthesises the CDK apps of synth.js into src/iac/testdata/cdk/<case>/, with the version of aws-cdk-lib in package.json.
# Needs Node.js and npm.  Tests read what was recorded and need neither.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$here/package.json" "$here/synth.js" "$work/"
cd "$work"
npm install --ignore-scripts --no-audit --no-fund --silent
node synth.js "$here/../../src/iac/testdata/cdk"
