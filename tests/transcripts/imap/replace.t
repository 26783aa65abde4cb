# A new version of a draft takes the old one's place in one step. RFC 8508.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* REPLACE .*
C: b REPLACE 1 Drafts {3}
S: b BAD this command is not for the present state
C- c APPEND Drafts (\\Draft) {25+}\r\nSubject: draft\r\n\r\nfirst\r\n\r\n
S~ c OK .*
C: d SELECT Drafts
S* d OK .*
C: e REPLACE 1 Drafts (\Draft \Seen) {26}
S: + send it
C- Subject: draft\r\n\r\nsecond\r\n\r\n
S~ \* OK \[APPENDUID [0-9]+ 2\] it takes the other's place
S: * 1 EXPUNGE
S: * 1 EXISTS
S: e OK REPLACE completed
C: f FETCH 1 (UID FLAGS BODY.PEEK[TEXT])
S: * 1 FETCH (UID 2 FLAGS (\Seen \Draft) BODY[TEXT] {8}
S: second
S: )
S: f OK FETCH completed
# Into another mailbox: sent.
C- g UID REPLACE 2 Sent (\\Seen) {25+}\r\nSubject: draft\r\n\r\nfirst\r\n\r\n
S~ \* OK \[APPENDUID [0-9]+ 1\] it takes the other's place
S: * 1 EXPUNGE
S: g OK REPLACE completed
C: h STATUS Sent (MESSAGES)
S: * STATUS "Sent" (MESSAGES 1)
S: h OK STATUS completed
# What is not there cannot be replaced, and nothing is filed.
C- i UID REPLACE 2 Drafts {25+}\r\nSubject: draft\r\n\r\nfirst\r\n\r\n
S: i NO [CANNOT] no such message
C- j REPLACE 1 Drafts {25+}\r\nSubject: draft\r\n\r\nfirst\r\n\r\n
S: j BAD no message has this number
C: k STATUS Drafts (MESSAGES)
S: * STATUS "Drafts" (MESSAGES 0)
S: k OK STATUS completed
C- l APPEND Drafts {25+}\r\nSubject: draft\r\n\r\nfirst\r\n\r\n
S: * 1 EXISTS
S~ l OK .*
C- m REPLACE * Nowhere {25+}\r\nSubject: draft\r\n\r\nfirst\r\n\r\n
S: m NO [TRYCREATE] no such mailbox
C- n REPLACE * Drafts {25+}\r\nSubject: draft\r\n\r\nfirst\r\n {3+}\r\nabc\r\n
S: n BAD one message a command
C: o REPLACE 1:2 Drafts {3+}
C: abc
S: o BAD REPLACE takes one message
C: p EXAMINE Drafts
S* p OK .*
C: q REPLACE 1 Drafts {3}
S: q NO [NOPERM] the mailbox is read-only
