#!/bin/sh
# Made once, for a hundred years: a root, and a server's certificate by it. They are of use to these tests alone.
set -eu
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -keyout root.key \
  -out root.pem -subj "/CN=Doubletalk test root" -addext "keyUsage=critical,keyCertSign"
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key -out server.csr \
  -subj "/CN=localhost"
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1\nextendedKeyUsage=serverAuth\n' > server.ext
openssl x509 -req -in server.csr -CA root.pem -CAkey root.key -CAcreateserial -days 36500 -extfile server.ext \
  -out server.pem
openssl ec -in server.key -aes256 -passout pass:of-the-test -out locked.key
rm server.csr server.ext root.key root.srl
