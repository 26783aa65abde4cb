# METADATA: annotations of the server and of mailboxes. RFC 5464, RFC 9590.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* LIST-METADATA .* METADATA .*\] logged in
C: b1 GETMETADATA "" /shared/comment
S: * METADATA "" (/shared/comment NIL)
S: b1 OK GETMETADATA completed
C: b2 GETMETADATA "" (/shared/admin /private/comment)
S: * METADATA "" (/shared/admin "mailto:postmaster@a.test" /private/comment NIL)
S: b2 OK GETMETADATA completed
C: b3 SETMETADATA "" (/shared/comment "mine")
S: b3 NO [NOPERM] this entry is not yours to change
C: b4 SETMETADATA "" (/shared/admin "mailto:me@a.test")
S: b4 NO [NOPERM] this entry is not yours to change
C: b5 SETMETADATA "" (/private/comment "my server")
S: b5 OK SETMETADATA completed
C: b6 GETMETADATA "" /PRIVATE/Comment
S: * METADATA "" (/private/comment "my server")
S: b6 OK GETMETADATA completed
C: c1 SETMETADATA INBOX (/private/comment {7+}
C- one\r\nab /shared/vendor/x.test/color "#b71c1c" /private/vendor/x.test/bin ~{3+}\r\na\0b)\r\n
S: c1 OK SETMETADATA completed
C: c2 GETMETADATA INBOX (/private/comment /shared/vendor/x.test/color)
S: * METADATA "INBOX" (/shared/vendor/x.test/color "#b71c1c" /private/comment {7}
S: one
S: ab)
S: c2 OK GETMETADATA completed
C: c3 GETMETADATA (DEPTH infinity) INBOX (/private/vendor)
S: * METADATA "INBOX" (/private/vendor/x.test/bin ~{3}
S~ a.*
S: c3 OK GETMETADATA completed
C: c4 GETMETADATA INBOX (MAXSIZE 3 DEPTH infinity) (/private /shared)
S: * METADATA "INBOX" (/private/vendor/x.test/bin ~{3}
S~ a.*
S: c4 OK [METADATA LONGENTRIES 7] GETMETADATA completed
C: c5 GETMETADATA (DEPTH 1) INBOX /private
S: * METADATA "INBOX" (/private/comment {7}
S: one
S: ab)
S: c5 OK GETMETADATA completed
C: c6 GETMETADATA (DEPTH 1) INBOX /private/comm
S: c6 OK GETMETADATA completed
C: c7 SETMETADATA INBOX (/private/comment NIL /shared/vendor/x.test/color NIL)
S: c7 OK SETMETADATA completed
C: c8 GETMETADATA INBOX (/private/comment /shared/vendor/x.test/color)
S: * METADATA "INBOX" (/private/comment NIL /shared/vendor/x.test/color NIL)
S: c8 OK GETMETADATA completed
C: c9 SETMETADATA INBOX (/private/comment "")
S: c9 OK SETMETADATA completed
C: c10 GETMETADATA INBOX /private/comment
S: * METADATA "INBOX" (/private/comment "")
S: c10 OK GETMETADATA completed
# All or none.
C- d1 SETMETADATA INBOX (/private/a "a" /private/b {1601+}\r\n
C* 1601 x
C- )\r\n
S: d1 NO [METADATA MAXSIZE 1600] a value is too large
C: d2 GETMETADATA INBOX /private/a
S: * METADATA "INBOX" (/private/a NIL)
S: d2 OK GETMETADATA completed
C: d3 GETMETADATA Nowhere /private/a
S: d3 NO [NONEXISTENT] no such mailbox
C: d4 SETMETADATA INBOX (/private "a")
S: d4 BAD an entry is a path below /shared or /private
C: d5 SETMETADATA INBOX (/other/a "a")
S: d5 BAD an entry is a path below /shared or /private
C: d6 GETMETADATA INBOX /private/a*
S: d6 BAD too many arguments or unexpected character
C: d7 GETMETADATA INBOX "/private//a"
S: d7 BAD an entry is a path below /shared or /private
C: d8 GETMETADATA INBOX "/private/a%"
S: d8 BAD an entry is a path below /shared or /private
C: d9 GETMETADATA INBOX (DEPTH 2) /private/a
S: d9 BAD DEPTH is 0, 1 or infinity
C: d10 GETMETADATA (SIZE 2) INBOX /private/a
S: d10 BAD unknown option
# It follows a rename, stays with INBOX, and goes with the mailbox.
C: e1 CREATE Old
S~ e1 OK .*CREATE completed
C: e2 SETMETADATA Old (/shared/comment "kept")
S: e2 OK SETMETADATA completed
C: e3 RENAME Old New
S: e3 OK RENAME completed
C: e4 LIST "" New RETURN (METADATA (/shared/comment /private/comment))
S: * LIST (\HasNoChildren) "/" "New"
S: * METADATA "New" (/shared/comment "kept" /private/comment NIL)
S: e4 OK LIST completed
C: e5 DELETE New
S: e5 OK DELETE completed
C: e6 CREATE New
S~ e6 OK .*CREATE completed
C: e7 GETMETADATA New /shared/comment
S: * METADATA "New" (/shared/comment NIL)
S: e7 OK GETMETADATA completed
C: e8 RENAME INBOX Before
S: e8 OK RENAME completed
C: e9 GETMETADATA Before (DEPTH 1) /private
S: * METADATA "Before" (/private/comment "")
S: e9 OK GETMETADATA completed
C: e10 GETMETADATA INBOX (DEPTH 1) /private
S: * METADATA "INBOX" (/private/comment "")
S: e10 OK GETMETADATA completed
C: e11 ENABLE METADATA
S: * ENABLED METADATA
S: e11 OK ENABLE completed
C: e12 SETMETADATA INBOX (/private/comment NIL)
S: e12 OK SETMETADATA completed
C: e13 LOGOUT
S* e13 OK .*
S!
