# UIDBATCHES, RFC 10022: ranges of UIDs with so many messages each.
S~ \* OK \[CAPABILITY .* UIDBATCHES.*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b UIDBATCHES 500
S: b BAD this command is not for the present state
C: c SELECT INBOX
S* c OK .*
C: d UIDBATCHES 500
S: * UIDBATCHES (TAG "d")
S: d OK UIDBATCHES completed
C: e APPEND INBOX {6+}
C: a: 1
C: 
S* e OK .*
C: f COPY 1 INBOX
S* f OK .*
C: g UIDBATCHES 500
S: * UIDBATCHES (TAG "g") 2:1
S: g OK UIDBATCHES completed
C: h UIDBATCHES 4294967295 1:1
S: * UIDBATCHES (TAG "h") 2:1
S: h OK UIDBATCHES completed
C: i UIDBATCHES 500 2:3
S: * UIDBATCHES (TAG "i")
S: i OK UIDBATCHES completed
C: j UIDBATCHES 499
S: j NO [TOOFEW] a batch has at least 500 messages
C: k UIDBATCHES 500 3:2
S: k BAD [CLIENTBUG] the first batch comes first
C: l UIDBATCHES 500 3
S~ l BAD .*
C: m UIDBATCHES 0
S~ m BAD .*
