# peers_run.sh - how each test peer is configured and started; sourced by peers.sh.
#
# Keys are KEY=VALUE words; every key has a default here. `listen` is always a loopback address.

# peer nsd        listen=127.0.0.1 port=5300; serves every DIR/zones/NAME.zone, SIGHUP re-reads them
run_nsd() {
    mkdir -p "$dir/zones"
    cat >"$dir/nsd.conf" <<END
server:
    ip-address: ${listen:-127.0.0.1}@${port:-5300}
    username: "$(id -un)"
    chroot: ""
    zonesdir: "$dir/zones"
    database: ""
    pidfile: "$dir/nsd.pid"
    xfrdfile: "$dir/xfrd.state"
    zonelistfile: "$dir/zone.list"
    xfrdir: "$dir"
    server-count: 1
    zonefiles-check: yes
    minimal-responses: yes
remote-control:
    control-enable: no
END
    for file in "$dir"/zones/*.zone; do
        [ -e "$file" ] || continue
        zone=$(basename "$file" .zone)
        printf 'zone:\n    name: "%s"\n    zonefile: "%s"\n' "$zone" "$file" >>"$dir/nsd.conf"
    done
    exec env LD_LIBRARY_PATH="$(libraries "$peers/nsd")" "$peers/nsd/usr/sbin/nsd" -d -c "$dir/nsd.conf"
}

# The folders with shared libraries in an unpacked peer, as LD_LIBRARY_PATH wants them.
libraries() {
    triplet=$(gcc -print-multiarch)
    echo "$1/usr/lib/$triplet:$1/lib/$triplet:$1/usr/lib:$1/lib"
}

# All four mail servers understand:
#   listen=127.0.0.1 port=2525     where SMTP is spoken
#   domain=peer.test               the domain that is local
#   below="x y"                    so are x.peer.test and y.peer.test, with the same users
#   users="bob carol"              who has a mailbox: DIR/mail/USER, a Maildir
#   relay=ADDRESS:PORT             where all other mail goes (default: it stays in the queue)
# and the three that speak SMTP refuse busy@DOMAIN with 450 and full@DOMAIN with 552.
#   cert=FILE key=FILE             offers STARTTLS with these
# The log is on standard error unless said. Users get the password "secret" where one can log in.

# Users and groups that peers run as; numbers that nobody else has.
accounts="postfix:60101 postdrop:60102 dovecot:60103 dovenull:60104 Debian-exim:60105
    opensmtpd:60106 opensmtpq:60107 vmail:60110"

# Settings that every peer shares, and what lies in DIR: etc, run, mail, kept.
lay_out() {
    listen=${listen:-127.0.0.1}
    port=${port:-2525}
    domain=${domain:-peer.test}
    users=${users:-bob}
    domains=$domain
    for label in ${below:-}; do domains="$domains $label.$domain"; done
    mkdir -p "$dir/etc" "$dir/run" "$dir/mail" "$dir/kept"
    chmod 755 "$dir" "$dir/etc" "$dir/run" "$dir/mail" "$dir/kept"
    cp /etc/passwd /etc/group "$dir/etc/"
    for account in $accounts; do
        echo "${account%:*}:x:${account#*:}:${account#*:}::/mnt/mail:/bin/false" >>"$dir/etc/passwd"
        echo "${account%:*}:x:${account#*:}:" >>"$dir/etc/group"
    done
    printf '127.0.0.1 localhost\n::1 localhost\n' >"$dir/etc/hosts"
    echo "$domain" >"$dir/etc/mailname"
    if [ -n "${cert:-}" ]; then
        cp "$cert" "$dir/cert.pem"
        cp "$key" "$dir/key.pem"
    fi
}

# Start a command in the namespace, and end all of it when this shell ends, however it ends.
# inside "FOLDER..." COMMAND...; shell code in $first runs in there before it, as root.
inside() {
    folders=$1
    shift
    for folder in $folders; do
        mkdir -p "$dir/kept$folder" "$peers/$name$folder"
    done
    namespace="--mount --pid --fork --kill-child=KILL"
    [ "$(id -u)" = 0 ] || namespace="--user --map-auto --map-root-user $namespace"
    setpriv --pdeathsig KILL unshare $namespace \
        tools/peers_inside.sh "$peers/$name" "$dir" "$folders" \
        sh -euc "chown 60110:60110 /mnt/mail; ${first:-:}; exec \"\$@\"" sh "$@" &
    child=$!
    trap 'kill -KILL $child; exit 143' TERM INT HUP
    wait $child
}

# peer postfix    the above; the log is DIR/log/mainlog
run_postfix() {
    lay_out
    mkdir -p "$dir/etc/postfix"
    : >"$dir/etc/postfix/users"
    for user in $users; do
        for local in $domains; do
            echo "$user@$local $user/" >>"$dir/etc/postfix/users"
        done
    done
    cat >"$dir/etc/postfix/refused" <<END
busy@$domain 450 4.2.1 the mailbox is busy
full@$domain 552 5.2.2 the mailbox is full
END
    {
        cat <<END
compatibility_level = 3.6
maillog_file = /mnt/log/mainlog
maillog_file_prefixes = /mnt
myhostname = mx.$domain
mydestination =
mynetworks = 127.0.0.0/8 [::1]/128
inet_interfaces = all
inet_protocols = all
alias_maps =
alias_database =
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access texthash:/etc/postfix/refused
virtual_mailbox_domains = $domains
virtual_mailbox_maps = texthash:/etc/postfix/users
virtual_mailbox_base = /mnt/mail
virtual_uid_maps = static:60110
virtual_gid_maps = static:60110
smtp_tls_security_level = may
disable_dns_lookups = yes
minimal_backoff_time = 5s
queue_run_delay = 5s
relayhost = ${relay:+[${relay%:*}]:${relay##*:}}
END
        [ -z "${cert:-}" ] || cat <<END
smtpd_tls_security_level = may
smtpd_tls_cert_file = /mnt/cert.pem
smtpd_tls_key_file = /mnt/key.pem
END
        [ ! -e "$dir/extra.cf" ] || cat "$dir/extra.cf"
    } >"$dir/etc/postfix/main.cf"
    sed -e "s/^smtp      inet.*/$listen:$port inet n - n - - smtpd/" \
        -e '/^[a-z]/s/^\(\S* *\S* *\S* *\S* *\)y /\1n /' \
        "$peers/postfix/usr/share/postfix/master.cf.dist" >"$dir/etc/postfix/master.cf"
    first="mkdir -p /var/spool/postfix/pid /mnt/log; chown postfix /var/lib/postfix"
    inside "/var/spool/postfix /var/lib/postfix" postfix start-fg
}

# peer dovecot    imap=1143 pop3=1110 lmtp=1124 listen users cert key; no SMTP
run_dovecot() {
    lay_out
    for user in $users; do
        printf '%s:{PLAIN}secret\n%s@%s:{PLAIN}secret\n' "$user" "$user" "$domain"
    done >"$dir/users"
    mkdir -p "$dir/etc/dovecot"
    {
        cat <<END
protocols = imap pop3 lmtp
listen = $listen
base_dir = /run/dovecot
log_path = /dev/stderr
ssl = no
disable_plaintext_auth = no
auth_username_format = %n
mail_location = maildir:/mnt/mail/%n
first_valid_uid = 1
passdb {
  driver = passwd-file
  args = username_format=%u /mnt/users
}
userdb {
  driver = static
  args = uid=60110 gid=60110 home=/mnt/mail/%n
}
service imap-login {
  inet_listener imap {
    port = ${imap:-1143}
  }
}
service pop3-login {
  inet_listener pop3 {
    port = ${pop3:-1110}
  }
}
service lmtp {
  inet_listener lmtp {
    port = ${lmtp:-1124}
  }
}
END
        [ -z "${cert:-}" ] || printf 'ssl = yes\nssl_cert = </mnt/cert.pem\nssl_key = </mnt/key.pem\n'
        [ ! -e "$dir/extra.cf" ] || cat "$dir/extra.cf"
    } >"$dir/etc/dovecot/dovecot.conf"
    inside "/var/lib/dovecot" dovecot -F
}

# peer exim       the above; the log is DIR/log/mainlog; login=USER:PASSWORD: who logs in over TLS may
#                 write to its users at any domain
run_exim() {
    lay_out
    mkdir -p "$dir/etc/exim4"
    cat >"$dir/etc/exim4/exim4.conf" <<END
primary_hostname = mx.$domain
daemon_smtp_ports = $port
local_interfaces = $listen
domainlist own_domains = $(echo $domains | sed 's/ / : /g')
domainlist local_domains = ${login:+* : }+own_domains
hostlist relay_from_hosts = 127.0.0.0/8 : ::::1
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = /var/spool/exim4
log_file_path = /mnt/log/%slog
never_users = root
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = accept
${cert:+tls_advertise_hosts = *
tls_certificate = /mnt/cert.pem
tls_privatekey = /mnt/key.pem}
$([ -n "${cert:-}" ] || echo "tls_advertise_hosts =")
begin acl
acl_rcpt:
  defer  local_parts = busy
         message = 450 4.2.1 the mailbox is busy
  deny   local_parts = full
         message = 552 5.2.2 the mailbox is full
  accept authenticated = *
         verify = recipient
  accept domains = +own_domains
         verify = recipient
  deny   domains = +own_domains
         message = unknown user
  accept hosts = +relay_from_hosts
  deny   message = relay not permitted
begin routers
onward:
  driver = manualroute
  domains = ! +local_domains
  transport = onward
  route_list = * $(echo ${relay:-127.0.0.1:9} | sed 's/:\([0-9]*\)$/::\1/')
  hosts_randomize = false
  self = send
  no_more
mailbox:
  driver = accept
  local_parts = $(echo $users | sed 's/ / : /g')
  transport = maildir
begin transports
onward:
  driver = smtp
maildir:
  driver = appendfile
  maildir_format
  directory = /mnt/mail/\${local_part_data}
  create_directory
  user = vmail
  group = vmail
begin retry
* * F,1h,5s
begin authenticators
${login:+plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = \${if and{{eq{\$auth2\}{${login%%:*}\}\}{eq{\$auth3\}{${login#*:}\}\}\}\}
  server_set_id = \$auth2
  server_advertise_condition = \${if def:tls_in_cipher\}}
END
    first="mkdir -p /mnt/log; chown Debian-exim:Debian-exim /var/spool/exim4 /mnt/log"
    [ -z "${cert:-}" ] || first="$first; chown Debian-exim /mnt/key.pem"
    inside "/var/spool/exim4" exim4 -bdf -q5s
}

# peer opensmtpd  the above; its TLS does not work with Debian 12's OpenSSL
run_opensmtpd() {
    lay_out
    for user in $users; do
        for local in $domains; do echo "$user@$local vmail"; done
    done >"$dir/etc/smtpd.users"
    {
        [ -z "${cert:-}" ] || printf 'pki peer cert "/mnt/cert.pem"\npki peer key "/mnt/key.pem"\n'
        cat <<END
table users file:/etc/smtpd.users
table busy { "busy@$domain" }
table full { "full@$domain" }
filter busy phase rcpt-to match rcpt-to <busy> reject "450 4.2.1 the mailbox is busy"
filter full phase rcpt-to match rcpt-to <full> reject "552 5.2.2 the mailbox is full"
filter refused chain { busy, full }
listen on $listen port $port ${cert:+tls pki peer} hostname mx.$domain filter refused
action inbox maildir "/mnt/mail/%{rcpt.user}" virtual <users>
${relay:+action onward relay host smtp://$relay}
$(for local in $domains; do echo "match from any for domain \"$local\" action inbox"; done)
${relay:+match from local for any action onward}
END
    } >"$dir/etc/smtpd.conf"
    chmod 644 "$dir/etc/smtpd.conf" "$dir/etc/smtpd.users"
    first="chmod 711 /var/spool/smtpd; mkdir -p /run/x"
    inside "/var/spool/smtpd" smtpd -d -F -f /etc/smtpd.conf
}

run() {
    name=$1
    dir=$2
    shift 2
    for word in "$@"; do
        case "$word" in
        [a-z]*=*) eval "${word%%=*}=\${word#*=}" ;;
        *) die "peers.sh: not KEY=VALUE: $word" ;;
        esac
    done
    "run_$name"
}
