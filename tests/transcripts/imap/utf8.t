# UTF-8 in names and headers: RFC 9755.
S~ \* OK \[CAPABILITY .*UTF8=ACCEPT .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .*UTF8=ACCEPT .*
C: b SELECT Drafts
S* b OK .*
C- c APPEND Drafts UTF8 (~{48+}\r\nSubject: caf\xc3\xa9\r\nFrom: \xc3\xa9l\xc3\xa8ve@\xc3\xa9cole.test\r\n\r\n.\r\n)\r\n
S: c NO [CANNOT] ENABLE UTF8=ACCEPT first
C: d SEARCH CHARSET UTF-8 ALL
S: * SEARCH
S: d OK SEARCH completed
C: e ENABLE UTF8=ACCEPT
S: * ENABLED UTF8=ACCEPT
S: e OK ENABLE completed
C- f APPEND Drafts (\\Seen) UTF8 (~{48}\r\n
S: + send it
C- Subject: caf\xc3\xa9\r\nFrom: \xc3\xa9l\xc3\xa8ve@\xc3\xa9cole.test\r\n\r\n.\r\n)\r\n
S: * 1 EXISTS
S~ f OK \[APPENDUID .*
# Headers are given as they are stored.
C: g FETCH 1 BODY.PEEK[HEADER]
S: * 1 FETCH (BODY[HEADER] {45}
S: Subject: café
S: From: élève@école.test
S: 
S: )
S: g OK FETCH completed
C: h FETCH 1 ENVELOPE
S: * 1 FETCH (ENVELOPE (NIL {5}
S* h OK FETCH completed
C: i SEARCH CHARSET UTF-8 ALL
S: i BAD the charset is UTF-8 since UTF8=ACCEPT
C: j SEARCH SUBJECT {5+}
C: café
S: * SEARCH 1
S: j OK SEARCH completed
C: k SEARCH SUBJECT "café"
S: * SEARCH 1
S: k OK SEARCH completed
C: l CREATE "été & hiver"
S~ l OK \[MAILBOXID \(F[0-9a-f]+\)\] CREATE completed
C: m LIST "" "é*"
S: * LIST (\HasNoChildren) "/" "été & hiver"
S: m OK LIST completed
C: n STATUS "été & hiver" (MESSAGES)
S: * STATUS "été & hiver" (MESSAGES 0)
S: n OK STATUS completed
C- o APPEND Drafts UTF8 (~{3+}\r\nabc\r\n
S: o BAD a closing parenthesis expected
C- p APPEND Drafts UTF8 (~{3+}\r\na\0c) {3+}\r\nabc\r\n
S: p NO [UNKNOWN-CTE] encode NULs as base64
# Another user of the connection begins without it.
C: q UNAUTHENTICATE
C: r LOGIN alice@a.test secret
S: q OK UNAUTHENTICATE completed
S~ r OK .*
C: s LIST "" "&AOk-*"
S: * LIST (\HasNoChildren) "/" "&AOk-t&AOk- &- hiver"
S: s OK LIST completed
