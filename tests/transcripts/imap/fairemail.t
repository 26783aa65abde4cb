# FairEmail, on Jakarta Mail: sequence numbers, ENVELOPE, changes by CONDSTORE, a part at a time.
@mail note.eml
@mail photo.eml
S~ \* OK \[CAPABILITY IMAP4rev1 .*
C: A0 CAPABILITY
S~ \* CAPABILITY IMAP4rev1 .*
S: A0 OK CAPABILITY completed
C: A1 AUTHENTICATE PLAIN
S: + 
C: AGFsaWNlQGEudGVzdABzZWNyZXQ=
S~ A1 OK \[CAPABILITY IMAP4rev1 .*
C: A2 CAPABILITY
S~ \* CAPABILITY IMAP4rev1 .*
S: A2 OK CAPABILITY completed
C: A3 ID ("name" "FairEmail" "version" "1.2200")
S~ \* ID \("name" "Posthorn" .*\)
S: A3 OK ID completed
C: A4 LIST "" ""
S: * LIST (\Noselect) "/" ""
S: A4 OK LIST completed
C: A5 NAMESPACE
S~ \* NAMESPACE \(\("" "/"\)\) .*
S~ A5 OK .*
C: A6 LIST "" "*"
S: * LIST (\HasNoChildren \Archive) "/" "Archive"
S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
S: * LIST (\HasNoChildren) "/" "INBOX"
S: * LIST (\HasNoChildren \Junk) "/" "Junk"
S: * LIST (\HasNoChildren \Sent) "/" "Sent"
S: * LIST (\HasNoChildren \Trash) "/" "Trash"
S: A6 OK LIST completed
C: A7 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY HIGHESTMODSEQ)
S~ \* STATUS "INBOX" \(MESSAGES 2 UIDNEXT 3 UIDVALIDITY [0-9]+ HIGHESTMODSEQ [0-9]+\)
S: A7 OK STATUS completed
C: A8 SELECT INBOX (CONDSTORE)
S* \* 2 EXISTS
S* A8 OK \[READ-WRITE\] .*
C: A9 SEARCH SINCE 1-Jan-2026 NOT DELETED
S: * SEARCH 1 2
S: A9 OK SEARCH completed
C: A10 FETCH 1:2 (FLAGS UID)
S: * 1 FETCH (FLAGS () UID 1)
S: * 2 FETCH (FLAGS () UID 2)
S: A10 OK FETCH completed
C: A11 FETCH 1:2 (ENVELOPE INTERNALDATE RFC822.SIZE FLAGS UID BODYSTRUCTURE BODY.PEEK[HEADER])
S~ \* 1 FETCH \(ENVELOPE \("Sat, 7 Feb 2026 21:52:25 \+0000" "lunch" \(\("Bob Brown" NIL "bob" "b\.test"\)\) \(\("Bob Brown" NIL "bob" "b\.test"\)\) \(\("Bob Brown" NIL "bob" "b\.test"\)\) \(\("Alice" NIL "alice" "a\.test"\)\) NIL NIL NIL "<note@b\.test>"\) INTERNALDATE "[^"]+" RFC822\.SIZE 149 FLAGS \(\) UID 1 BODYSTRUCTURE \("text" "plain" \("charset" "us-ascii"\) NIL NIL "7bit" 10 1 NIL NIL NIL NIL\) BODY\[HEADER\] \{139\}
S: From: Bob Brown <bob@b.test>
S: To: Alice <alice@a.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: Message-ID: <note@b.test>
S: 
S: )
S~ \* 2 FETCH \(ENVELOPE \("Sun, 8 Feb 2026 09:00:00 \+0100" "the photo" \(\("Carol" NIL "carol" "a\.test"\)\) \(\("Carol" NIL "carol" "a\.test"\)\) \(\("Carol" NIL "carol" "a\.test"\)\) \(\("Alice" NIL "alice" "a\.test"\)\) \(\("Bob Brown" NIL "bob" "b\.test"\)\) NIL "<note@b\.test>" "<photo@a\.test>"\) INTERNALDATE "[^"]+" RFC822\.SIZE 741 FLAGS \(\) UID 2 BODYSTRUCTURE \(\(\("text" "plain" \("charset" "utf-8"\) NIL NIL "quoted-printable" 11 1 NIL NIL NIL NIL\)\("text" "html" \("charset" "utf-8"\) NIL NIL "quoted-printable" 18 1 NIL NIL NIL NIL\) "alternative" \("boundary" "b2"\) NIL NIL NIL\)\("image" "png" \("name" "photo\.png"\) NIL NIL "base64" 12 NIL \("attachment" \("filename" "photo\.png"\)\) NIL NIL\) "mixed" \("boundary" "b1"\) NIL NIL NIL\) BODY\[HEADER\] \{290\}
S: From: Carol <carol@a.test>
S: To: Alice <alice@a.test>
S: Cc: Bob Brown <bob@b.test>
S: Subject: the photo
S: Date: Sun, 8 Feb 2026 09:00:00 +0100
S: Message-ID: <photo@a.test>
S: References: <note@b.test>
S: In-Reply-To: <note@b.test>
S: MIME-Version: 1.0
S: Content-Type: multipart/mixed; boundary="b1"
S: 
S: )
S: A11 OK FETCH completed
C: A12 FETCH 2 (BODY[1.1]<0.16384>)
S: * 2 FETCH (BODY[1.1]<0> {11}
S: Sch=C3=B6n!)
S~ \* 2 FETCH \(UID 2 FLAGS \(\\Seen\) MODSEQ \([0-9]+\)\)
S: A12 OK FETCH completed
C: A13 FETCH 2 (BODY[2]<0.16384>)
S: * 2 FETCH (BODY[2]<0> {12}
S: iVBORw0KGgo=)
S: A13 OK FETCH completed
C: A14 FETCH 2 (FLAGS)
S: * 2 FETCH (FLAGS (\Seen))
S: A14 OK FETCH completed
C: A15 STORE 1 +FLAGS (\Seen $Forwarded)
S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Forwarded)
S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $Forwarded \*)] kept
S~ \* 1 FETCH \(UID 1 FLAGS \(\\Seen \$Forwarded\) MODSEQ \([0-9]+\)\)
S: A15 OK STORE completed
C: A16 UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1)
S~ \* 1 FETCH \(UID 1 MODSEQ \([0-9]+\) FLAGS \(\\Seen \$Forwarded\)\)
S~ \* 2 FETCH \(UID 2 MODSEQ \([0-9]+\) FLAGS \(\\Seen\)\)
S: A16 OK FETCH completed
C: A17 IDLE
S: + idling
@mail note.eml
S: * 3 EXISTS
C: DONE
S: A17 OK IDLE completed
C: A18 FETCH 3 (UID)
S: * 3 FETCH (UID 3)
S: A18 OK FETCH completed
C: A19 UID FETCH 3 (UID)
S: * 3 FETCH (UID 3)
S: A19 OK FETCH completed
C: A20 COPY 3 Trash
S~ A20 OK \[COPYUID [0-9]+ 3 1\] COPY completed
C: A21 STORE 3 +FLAGS (\Deleted)
S~ \* 3 FETCH \(UID 3 FLAGS \(\\Deleted\) MODSEQ \([0-9]+\)\)
S: A21 OK STORE completed
C: A22 UID EXPUNGE 3
S: * 3 EXPUNGE
S~ A22 OK \[HIGHESTMODSEQ [0-9]+\] EXPUNGE completed
C: A23 APPEND Drafts (\Draft \Seen) "08-Feb-2026 10:00:00 +0100" {32}
S: + send it
C: From: alice@a.test
C: 
C: Not yet.
C: 
S~ A23 OK \[APPENDUID [0-9]+ 1\] APPEND completed
C: A24 EXAMINE Drafts
S* \* 1 EXISTS
S* A24 OK \[READ-ONLY\] .*
C: A25 SEARCH HEADER From alice
S: * SEARCH 1
S: A25 OK SEARCH completed
C: A26 CLOSE
S: A26 OK CLOSE completed
C: A27 LOGOUT
S: * BYE until next time
S: A27 OK LOGOUT completed
