#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes the revocation lists of this folder with the openssl program: lists that are read, and one
# for each kind that is refused by name.  Run here; commit what it writes.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/ca.key" -out ca.pem -subj "/O=Acme/CN=Acme devices" \
  -days 36500 -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
printf 'R\t20991231235959Z\t251001000000Z,keyCompromise\t1001\tunknown\t/CN=one\n' >"$work/index.txt"
printf 'R\t20991231235959Z\t251002000000Z,superseded\t1002\tunknown\t/CN=two\n' >>"$work/index.txt"
printf 'R\t20991231235959Z\t251003000000Z\t01\tunknown\t/CN=four\n' >>"$work/index.txt"
printf 'R\t20991231235959Z\t251004000000Z\t2002AA\tunknown\t/CN=five\n' >>"$work/index.txt"
printf 'V\t20991231235959Z\t\t1003\tunknown\t/CN=three\n' >>"$work/index.txt"

# list NAME DIGEST: extensions on standard input.
list() {
  echo 2A >"$work/number"
  {
    printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\ncrlnumber=%s/number\n' "$work" "$work"
    printf 'default_md=%s\ndefault_crl_days=30\ncrl_extensions=x\n[x]\n' "$2"
    cat
  } >"$work/config"
  openssl ca -gencrl -config "$work/config" -cert ca.pem -keyfile "$work/ca.key" -out "$1.pem" 2>/dev/null
}
list full sha256 <<X
authorityKeyIdentifier=keyid:always
X
list sha1 sha1 <<X
authorityKeyIdentifier=keyid:always
X
list delta sha256 <<X
2.5.29.27=critical,DER:020101
X
list unknown-critical sha256 <<X
1.2.3.4=critical,DER:0500
X
for scope in only-user:onlyuser only-ca:onlyCA only-attribute:onlyAA indirect:indirectCRL; do
  list "${scope%%:*}" sha256 <<X
issuingDistributionPoint=critical,@p
[p]
${scope##*:}=TRUE
X
done
list some-reasons sha256 <<X
issuingDistributionPoint=critical,@p
[p]
onlysomereasons=keyCompromise
X
list one-point sha256 <<X
issuingDistributionPoint=critical,@p
[p]
fullname=URI:http://crl.acme.example/1.crl
X
# Without extensions and number openssl writes version 1.
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s/index.txt\ndefault_md=sha256\ndefault_crl_days=30\n' "$work" >"$work/config"
openssl ca -gencrl -config "$work/config" -cert ca.pem -keyfile "$work/ca.key" -out v1.pem 2>/dev/null
