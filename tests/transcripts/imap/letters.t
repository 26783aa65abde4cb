# A letter with parts: APPEND, every way to FETCH it, flags, partial ranges.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b APPEND Nowhere {10}
S: b NO [TRYCREATE] no such mailbox
C: c APPEND Nowhere {3+}
C: abc
S: c NO [TRYCREATE] no such mailbox
C: d APPEND INBOX {2000000}
S: d NO [TOOBIG] message too large
C: d2 APPEND INBOX {0+}
C: 
S: d2 NO [CANNOT] a message is not empty
C: e APPEND INBOX (\Flagged $Work) " 7-Feb-2026 21:52:25 -0800" {547}
S: + send it
C: Date: Sat, 7 Feb 2026 21:52:25 -0800
C: From: "Alice A." <alice@a.test>
C: Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= to all
C: To: bob@b.test,
C:  Carol <carol@c.test>
C: Message-ID: <m1@a.test>
C: MIME-Version: 1.0
C: Content-Type: multipart/mixed; boundary="b1"
C: 
C: preamble
C: --b1
C: Content-Type: text/plain; charset=utf-8
C: Content-Transfer-Encoding: quoted-printable
C: 
C: Hello=20Bob,
C: sch=C3=B6n!
C: --b1
C: Content-Type: application/octet-stream; name="x.bin"
C: Content-Transfer-Encoding: base64
C: Content-Disposition: attachment; filename="x.bin"
C: 
C: AAECAwQF
C: --b1--
C: 
C: 
S~ e OK \[APPENDUID [0-9]+ 1\] APPEND completed
C: f SELECT INBOX
S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Work)
S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $Work \*)] kept
S: * 1 EXISTS
S: * 0 RECENT
S: * OK [UNSEEN 1] first unseen message
S~ \* OK \[UIDVALIDITY [0-9]+\] .*
S: * OK [UIDNEXT 2] next
S~ \* OK \[MAILBOXID \(F[0-9a-f]+\)\] .*
S~ \* OK \[HIGHESTMODSEQ [0-9]+\] .*
S: f OK [READ-WRITE] SELECT completed
C: g FETCH 1 (FLAGS UID INTERNALDATE RFC822.SIZE)
S: * 1 FETCH (FLAGS (\Flagged $Work) UID 1 INTERNALDATE " 7-Feb-2026 21:52:25 -0800" RFC822.SIZE 547)
S: g OK FETCH completed
C: h FETCH 1 ENVELOPE
S: * 1 FETCH (ENVELOPE ("Sat, 7 Feb 2026 21:52:25 -0800" "=?UTF-8?Q?Gr=C3=BC=C3=9Fe?= to all" (("Alice A." NIL "alice" "a.test")) (("Alice A." NIL "alice" "a.test")) (("Alice A." NIL "alice" "a.test")) ((NIL NIL "bob" "b.test")("Carol" NIL "carol" "c.test")) NIL NIL NIL "<m1@a.test>"))
S: h OK FETCH completed
C: i FETCH 1 BODY
S: * 1 FETCH (BODY (("text" "plain" ("charset" "utf-8") NIL NIL "quoted-printable" 25 2)("application" "octet-stream" ("name" "x.bin") NIL NIL "base64" 8) "mixed"))
S: i OK FETCH completed
C: j FETCH 1 BODYSTRUCTURE
S~ \* 1 FETCH \(BODYSTRUCTURE \(\("text" "plain" .*\("attachment" \("filename" "x.bin"\)\).* "mixed" \("boundary" "b1"\) NIL NIL NIL\)\)
S: j OK FETCH completed
C: k FETCH 1 BODY.PEEK[HEADER.FIELDS (Subject "to")]
S: * 1 FETCH (BODY[HEADER.FIELDS (Subject to)] {87}
S: Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= to all
S: To: bob@b.test,
S:  Carol <carol@c.test>
S: 
S: )
S: k OK FETCH completed
C: l FETCH 1 BODY.PEEK[1.MIME]
S: * 1 FETCH (BODY[1.MIME] {88}
S: Content-Type: text/plain; charset=utf-8
S: Content-Transfer-Encoding: quoted-printable
S: 
S: )
S: l OK FETCH completed
C: m FETCH 1 BODY.PEEK[2]
S: * 1 FETCH (BODY[2] {8}
S: AAECAwQF)
S: m OK FETCH completed
C: n FETCH 1 (BODY.PEEK[2]<2.3> BODY.PEEK[2]<8.3> BODY.PEEK[2]<7.100>)
S: * 1 FETCH (BODY[2]<2> {3}
S: ECA BODY[2]<8> {0}
S:  BODY[2]<7> {1}
S: F)
S: n OK FETCH completed
C: o FETCH 1 (BODY.PEEK[3] BODY.PEEK[1.1] FLAGS)
S: * 1 FETCH (BODY[3] NIL BODY[1.1] NIL FLAGS (\Flagged $Work))
S: o OK FETCH completed
C: p FETCH 1 RFC822.HEADER
S: * 1 FETCH (RFC822.HEADER {248}
S: Date: Sat, 7 Feb 2026 21:52:25 -0800
S: From: "Alice A." <alice@a.test>
S: Subject: =?UTF-8?Q?Gr=C3=BC=C3=9Fe?= to all
S: To: bob@b.test,
S:  Carol <carol@c.test>
S: Message-ID: <m1@a.test>
S: MIME-Version: 1.0
S: Content-Type: multipart/mixed; boundary="b1"
S: 
S: )
S: p OK FETCH completed
C: q UID FETCH 1:* (BINARY.PEEK[2]<1.2> BINARY.SIZE[1])
S~ \* 1 FETCH \(UID 1 BINARY\[2\]<1> ~\{2\}
S~ .. BINARY.SIZE\[1\] .*\)
S: q OK FETCH completed
C: r FETCH 1 BODY[1]
S: * 1 FETCH (BODY[1] {25}
S: Hello=20Bob,
S: sch=C3=B6n!)
S: * 1 FETCH (UID 1 FLAGS (\Flagged \Seen $Work))
S: r OK FETCH completed
C: s UID FETCH 7 FLAGS
S: s OK FETCH completed
C: t FETCH 2 FLAGS
S: t BAD no message has this number
C: u EXAMINE INBOX
S: * OK [CLOSED] the previous mailbox is closed
S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Work)
S: * OK [PERMANENTFLAGS ()] kept
S: * 1 EXISTS
S: * 0 RECENT
S~ \* OK \[UIDVALIDITY [0-9]+\] .*
S: * OK [UIDNEXT 2] next
S~ \* OK \[MAILBOXID \(F[0-9a-f]+\)\] .*
S~ \* OK \[HIGHESTMODSEQ [0-9]+\] .*
S: u OK [READ-ONLY] EXAMINE completed
C: v STORE 1 -FLAGS (\Seen)
S: v NO [NOPERM] the mailbox is read-only
C: w APPEND INBOX {34+}
C: Subject: lone line feeds
C: 
C: body
C: 
S: * 2 EXISTS
S~ w OK \[APPENDUID [0-9]+ 2\] .*
C: x APPEND INBOX (\Seen) {6+}
C: a: b
C:  {3+}
C: xyz {0+}
C: 
S: x NO [CANNOT] a message is not empty
