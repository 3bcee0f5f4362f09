#!/usr/bin/env bash
# The yardstick of `run` and `peers/run`: nginx, in one process, which answers each request with 200 and stores nothing.
#   nginx.sh PORT DIRECTORY
cat >"$2/nginx.conf" <<END
daemon off; master_process off; pid $2/nginx.pid; error_log $2/nginx.err; events { worker_connections 4096; }
http {
  access_log off; client_body_buffer_size 1m; keepalive_requests 100000000;
  server { listen 127.0.0.1:$1; location / { return 200; } }
}
END
exec nginx -c "$2/nginx.conf"
