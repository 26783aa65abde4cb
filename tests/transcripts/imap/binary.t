# Parts without their transfer encoding, and messages as binary literals. RFC 3516.
S~ \* OK \[CAPABILITY IMAP4rev1 .*BINARY .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY IMAP4rev1 .*BINARY .*
C: b SELECT Drafts
S* b OK .*
C- c APPEND Drafts ~{367+}\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nZmlyc3QNCmxpbmUgACB0d28NCg==\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9 =\r\nau lait  \r\n\r\n--b\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nabc\r\n--b\r\n\r\nplain\r\n--b--\r\n\r\n
S: * 1 EXISTS
S~ c OK \[APPENDUID .*
C: d FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[2] BINARY.SIZE[4] BINARY.SIZE[] BINARY.SIZE[9])
S: * 1 FETCH (BINARY.SIZE[1] 19 BINARY.SIZE[2] 15 BINARY.SIZE[4] 5 BINARY.SIZE[] 367 BINARY.SIZE[9] 0)
S: d OK FETCH completed
C: e FETCH 1 BINARY.PEEK[2]
S: * 1 FETCH (BINARY[2] {15}
S~ caf.* au lait
S: )
S: e OK FETCH completed
C: f FETCH 1 BINARY.PEEK[2]<6.9>
S: * 1 FETCH (BINARY[2]<6> {9}
S: au lait
S: )
S: f OK FETCH completed
C: g FETCH 1 BINARY.PEEK[1]<0.5>
S: * 1 FETCH (BINARY[1]<0> ~{5}
S: first)
S: g OK FETCH completed
C: h FETCH 1 BINARY.PEEK[1]<19.5>
S: * 1 FETCH (BINARY[1]<19> ~{0}
S: )
S: h OK FETCH completed
C: i FETCH 1 (BINARY.PEEK[4] BINARY.PEEK[9])
S: * 1 FETCH (BINARY[4] {5}
S: plain BINARY[9] NIL)
S: i OK FETCH completed
# An encoding that nobody knows: RFC 3516 4.3.
C: j FETCH 1 (BINARY.PEEK[3] UID)
S: * 1 FETCH (BINARY[3] NIL UID 1)
S: j NO [UNKNOWN-CTE] a part's transfer encoding is not known
C: k FETCH 1 BINARY.SIZE[3]
S: * 1 FETCH (BINARY.SIZE[3] 0)
S: k NO [UNKNOWN-CTE] a part's transfer encoding is not known
C: l FETCH 1 BINARY[4]
S: * 1 FETCH (BINARY[4] {5}
S: plain)
S~ \* 1 FETCH \((UID 1 )?FLAGS \(\\Seen\)\)
S: l OK FETCH completed
C: m FETCH 1 BINARY[HEADER]
S: m BAD BINARY takes a part number
# NUL itself is not stored: RFC 3516 4.4.
C- n APPEND Drafts ~{21+}\r\nSubject: nul\r\n\r\na\0b\r\n\r\n
S: n NO [UNKNOWN-CTE] encode NULs as base64
C: o NOOP
S: o OK NOOP completed
