// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "http/head.h"

namespace sealane::http::testdata {

// One request head of the catalogue.
struct RequestEntry {
  std::string_view name;  // also the name of its seed file
  std::string_view bytes;
  std::uint16_t status = 0;  // 0: accepted; else what is answered
  std::string_view clause;
};

inline const std::vector<RequestEntry>& requests() {
  using namespace std::string_view_literals;
  static const std::vector<RequestEntry> kRequests{
      {"get", "GET /b/k HTTP/1.1\r\nHost: lake\r\n\r\n"sv, 0, "RFC 9112 §2.1"},
      {"get-range",
       "GET /b/k?x-id=GetObject HTTP/1.1\r\nhost: lake:9443\r\nRange: bytes=0-9\r\n\r\n"sv, 0, ""},
      {"put",
       "PUT /b/k%20x HTTP/1.1\r\nHost: lake\r\nContent-Length: 5\r\nIf-None-Match: *\r\n\r\nhello"sv,
       0, ""},
      {"put-expect",
       "PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"sv, 0,
       "RFC 9110 §10.1.1"},
      {"close", "GET / HTTP/1.1\r\nHost: h\r\nConnection: te, close\r\n\r\n"sv, 0, "RFC 9112 §9.3"},
      {"http10", "GET / HTTP/1.0\r\n\r\n"sv, 0, ""},
      {"http10-keep", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"sv, 0, ""},
      {"other-method", "PATCH /b HTTP/1.1\r\nHost: h\r\n\r\n"sv, 0, ""},
      {"empty-value", "GET / HTTP/1.1\r\nHost:\r\nX:   \t\r\n\r\n"sv, 0, "RFC 9112 §5.1"},
      {"agent", "GET / HTTP/1.1\r\nHost: h\r\nUser-Agent: aws-sdk (linux; x86 64)\r\n\r\n"sv, 0,
       ""},
      {"obs-text", "GET / HTTP/1.1\r\nHost: h\r\nX: \xc3\xa9\r\n\r\n"sv, 0, "RFC 9110 §5.5"},
      {"no-host", "GET / HTTP/1.1\r\n\r\n"sv, 400, "RFC 9112 §3.2"},
      {"two-hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"sv, 400, "RFC 9112 §3.2"},
      {"folded", "GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n"sv, 400, "RFC 9112 §5.2"},
      {"fold-first", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"sv, 400, "RFC 9112 §2.2"},
      {"space-before-colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n"sv, 400, "RFC 9112 §5.1"},
      {"no-colon", "GET / HTTP/1.1\r\nHost: h\r\nXY\r\n\r\n"sv, 400, ""},
      {"no-name", "GET / HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n"sv, 400, ""},
      {"bare-lf", "GET / HTTP/1.1\nHost: h\n\n"sv, 400, "RFC 9112 §2.2"},
      {"bare-cr", "GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n"sv, 400, "RFC 9112 §2.2"},
      {"nul", "GET / HTTP/1.1\r\nHost: h\0\r\n\r\n"sv, 400, "RFC 9110 §5.5"},
      {"empty-first-line", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400, "RFC 9112 §2.2"},
      {"two-lengths",
       "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n"sv, 400,
       "RFC 9112 §6.3"},
      {"unlike-lengths",
       "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"sv, 400,
       "RFC 9112 §6.3"},
      {"length-list", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n"sv, 400,
       "RFC 9112 §6.3"},
      {"length-sign", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n"sv, 400,
       "RFC 9110 §8.6"},
      {"length-hex", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\n"sv, 400,
       "RFC 9110 §8.6"},
      {"length-overflow",
       "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551616\r\n\r\n"sv, 400, ""},
      {"length-too-large", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5368709121\r\n\r\n"sv, 413,
       ""},
      {"chunked", "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"sv, 411, ""},
      {"chunked-and-length",
       "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"sv,
       400, "RFC 9112 §6.1"},
      {"length-and-identity",
       "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\nContent-Length: 5\r\n\r\n"sv,
       400, "RFC 9112 §6.1"},
      {"length-minus", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n"sv, 400,
       "RFC 9110 §8.6"},
      {"length-empty", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n"sv, 400,
       "RFC 9110 §8.6"},
      {"length-two-numbers", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 5 6\r\n\r\n"sv, 400,
       "RFC 9110 §8.6"},
      {"length-vertical-tab",
       "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: \x0b"
       "5\r\n\r\n"sv,
       400, "RFC 9110 §5.5"},
      {"length-space-before-colon", "PUT / HTTP/1.1\r\nHost: h\r\nContent-Length : 5\r\n\r\n"sv,
       400, "RFC 9112 §5.1"},
      {"chunked-unlike", "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n"sv, 411,
       ""},
      {"chunked-not-last",
       "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, identity\r\n\r\n"sv, 411, ""},
      {"chunked-twice",
       "PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\ntransfer-encoding: "
       "identity\r\n\r\n"sv,
       400, ""},
      {"chunked-after-lf", "PUT / HTTP/1.1\r\nHost: h\nTransfer-Encoding: chunked\r\n\r\n"sv, 400,
       "RFC 9112 §2.2"},
      {"chunked-http10", "PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"sv, 411,
       "RFC 9112 §6.1"},
      {"name-8-bit", "GET / HTTP/1.1\r\nHost: h\r\nTransfer\255Encoding: chunked\r\n\r\n"sv, 400,
       "RFC 9110 §5.1"},
      {"name-nul", "GET / HTTP/1.1\r\nHost: h\r\nX\0Y: z\r\n\r\n"sv, 400, "RFC 9110 §5.1"},
      {"name-quoted", "GET / HTTP/1.1\r\n\"Host\": h\r\n\r\n"sv, 400, "RFC 9110 §5.1"},
      {"space-after-target", "GET /  HTTP/1.1\r\nHost: h\r\n\r\n"sv, 505, "RFC 9112 §3"},
      {"lower-case-version", "GET / http/1.1\r\nHost: h\r\n\r\n"sv, 505, "RFC 9112 §2.3"},
      {"backslash-target", "GET /b\\..\\k HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400, "RFC 3986 §3.3"},
      {"absolute-form", "GET http://h/b HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400, "RFC 9112 §3.2.2"},
      {"authority-form", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400, "RFC 9112 §3.2.3"},
      {"asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400, "RFC 9112 §3.2.4"},
      {"fragment", "GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400, ""},
      {"raw-utf8-target", "GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400, ""},
      {"two-spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400, "RFC 9112 §3"},
      {"tab-in-line", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400, "RFC 9112 §3"},
      {"space-after-version", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n"sv, 505, "RFC 9112 §3"},
      {"no-version", "GET /\r\nHost: h\r\n\r\n"sv, 400, ""},
      {"http2-preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"sv, 505, ""},
      {"http12", "GET / HTTP/1.2\r\nHost: h\r\n\r\n"sv, 505, ""},
      {"expect-other", "PUT / HTTP/1.1\r\nHost: h\r\nExpect: x\r\n\r\n"sv, 417, "RFC 9110 §10.1.1"},
      {"tls-client-hello", "\x16\x03\x01\x02\x00\x01"sv, 400, ""},
  };
  return kRequests;
}

}  // namespace sealane::http::testdata
