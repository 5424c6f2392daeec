# A signature and a TLS request by openssl alone: $1 port, $2 folder with leaf.key, message and ca.pem.
set -e
openssl dgst -sha256 -sign "$2/leaf.key" -out "$2/signature" "$2/message"
printf 'POST /sessions HTTP/1.1\r\nHost: localhost:%s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' "$1" |
  openssl s_client -quiet -connect "localhost:$1" -servername localhost -CAfile "$2/ca.pem" -verify_return_error >/dev/null 2>&1
