# COMPRESS=DEFLATE: refusals, then everything in it: pipelines, literals, IDLE. RFC 4978.
S~ \* OK \[CAPABILITY .* COMPRESS=DEFLATE .*
C: a1 COMPRESS DEFLATE
S: a1 BAD this command is not for the present state
C: a2 LOGIN alice@a.test secret
S~ a2 OK .*
C: a3 COMPRESS LZ
S: a3 BAD no such compression
C: a4 COMPRESS
S~ a4 BAD .*
C: a5 compress deflate
S: a5 OK DEFLATE from here on
@compress
C: a6 COMPRESS DEFLATE
S: a6 BAD [COMPRESSIONACTIVE] DEFLATE is active already
C: a7 CAPABILITY
S* a7 OK .*
C: a8 APPEND INBOX {17+}
C: Subject: one
C: 
C: x
C: a9 SELECT INBOX
C: a10 FETCH 1 (UID BODY.PEEK[])
S* a9 OK .*
S: * 1 FETCH (UID 1 BODY[] {17}
S: Subject: one
S: 
S: x)
S: a10 OK FETCH completed
C: a11 APPEND INBOX {3}
S~ \+ .*
C: a:b
S* a11 OK .*
C: a12 IDLE
S* \+ idling
C: DONE
S: a12 OK IDLE completed
# RFC 8437 4.1: compression ends with the log-in, and may begin again with the next.
C: a13 UNAUTHENTICATE
S: a13 OK UNAUTHENTICATE completed
@clear
C: a14 LOGIN alice@a.test secret
S~ a14 OK .*
C: a15 COMPRESS DEFLATE
S: a15 OK DEFLATE from here on
@compress
C: a16 LOGOUT
S: * BYE until next time
S: a16 OK LOGOUT completed
S!
