# K-9 (Thunderbird on Android): log-in in one step, the newest that are not deleted, structure before parts.
@mail note.eml
@mail photo.eml
S~ \* OK \[CAPABILITY IMAP4rev1 .*
C: 1 CAPABILITY
S~ \* CAPABILITY IMAP4rev1 .*
S: 1 OK CAPABILITY completed
C: 2 AUTHENTICATE PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S~ 2 OK \[CAPABILITY IMAP4rev1 .*
C: 3 CAPABILITY
S~ \* CAPABILITY IMAP4rev1 .*
S: 3 OK CAPABILITY completed
C: 4 ID ("name" "K-9 Mail" "version" "6.804")
S~ \* ID \("name" "Posthorn" .*\)
S: 4 OK ID completed
C: 5 NAMESPACE
S~ \* NAMESPACE \(\("" "/"\)\) .*
S~ 5 OK .*
C: 6 LIST "" "*" RETURN (SPECIAL-USE)
S: * LIST (\HasNoChildren \Archive) "/" "Archive"
S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
S: * LIST (\HasNoChildren) "/" "INBOX"
S: * LIST (\HasNoChildren \Junk) "/" "Junk"
S: * LIST (\HasNoChildren \Sent) "/" "Sent"
S: * LIST (\HasNoChildren \Trash) "/" "Trash"
S: 6 OK LIST completed
C: 7 LIST (SUBSCRIBED) "" "*" RETURN (SPECIAL-USE)
S: * LIST (\HasNoChildren \Subscribed \Archive) "/" "Archive"
S: * LIST (\HasNoChildren \Subscribed \Drafts) "/" "Drafts"
S: * LIST (\HasNoChildren \Subscribed) "/" "INBOX"
S: * LIST (\HasNoChildren \Subscribed \Junk) "/" "Junk"
S: * LIST (\HasNoChildren \Subscribed \Sent) "/" "Sent"
S: * LIST (\HasNoChildren \Subscribed \Trash) "/" "Trash"
S: 7 OK LIST completed
C: 8 SELECT "INBOX"
S* \* 2 EXISTS
S* 8 OK \[READ-WRITE\] .*
C: 9 UID SEARCH 1:2 NOT DELETED
S: * SEARCH 1 2
S: 9 OK SEARCH completed
C: 10 UID FETCH 1,2 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (date subject from content-type to cc reply-to message-id references in-reply-to list-unsubscribe sender X-K9mail-Identity Chat-Version)])
S~ \* 1 FETCH \(UID 1 FLAGS \(\) INTERNALDATE "[^"]+" RFC822\.SIZE 149 BODY\[HEADER\.FIELDS \(date subject from content-type to cc reply-to message-id references in-reply-to list-unsubscribe sender X-K9mail-Identity Chat-Version\)\] \{139\}
S: From: Bob Brown <bob@b.test>
S: To: Alice <alice@a.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: Message-ID: <note@b.test>
S: 
S: )
S~ \* 2 FETCH \(UID 2 FLAGS \(\) INTERNALDATE "[^"]+" RFC822\.SIZE 741 BODY\[HEADER\.FIELDS \(date subject from content-type to cc reply-to message-id references in-reply-to list-unsubscribe sender X-K9mail-Identity Chat-Version\)\] \{271\}
S: From: Carol <carol@a.test>
S: To: Alice <alice@a.test>
S: Cc: Bob Brown <bob@b.test>
S: Subject: the photo
S: Date: Sun, 8 Feb 2026 09:00:00 +0100
S: Message-ID: <photo@a.test>
S: References: <note@b.test>
S: In-Reply-To: <note@b.test>
S: Content-Type: multipart/mixed; boundary="b1"
S: 
S: )
S: 10 OK FETCH completed
C: 11 UID FETCH 2 (UID BODYSTRUCTURE)
S: * 2 FETCH (UID 2 BODYSTRUCTURE ((("text" "plain" ("charset" "utf-8") NIL NIL "quoted-printable" 11 1 NIL NIL NIL NIL)("text" "html" ("charset" "utf-8") NIL NIL "quoted-printable" 18 1 NIL NIL NIL NIL) "alternative" ("boundary" "b2") NIL NIL NIL)("image" "png" ("name" "photo.png") NIL NIL "base64" 12 NIL ("attachment" ("filename" "photo.png")) NIL NIL) "mixed" ("boundary" "b1") NIL NIL NIL))
S: 11 OK FETCH completed
C: 12 UID FETCH 2 (UID BODY.PEEK[1.1.MIME] BODY.PEEK[1.1] BODY.PEEK[1.2.MIME] BODY.PEEK[1.2])
S: * 2 FETCH (UID 2 BODY[1.1.MIME] {88}
S: Content-Type: text/plain; charset=utf-8
S: Content-Transfer-Encoding: quoted-printable
S: 
S:  BODY[1.1] {11}
S: Sch=C3=B6n! BODY[1.2.MIME] {87}
S: Content-Type: text/html; charset=utf-8
S: Content-Transfer-Encoding: quoted-printable
S: 
S:  BODY[1.2] {18}
S: <p>Sch=C3=B6n!</p>)
S: 12 OK FETCH completed
C: 13 UID FETCH 1 (UID BODY.PEEK[])
S: * 1 FETCH (UID 1 BODY[] {149}
S: From: Bob Brown <bob@b.test>
S: To: Alice <alice@a.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: Message-ID: <note@b.test>
S: 
S: At noon?
S: )
S: 13 OK FETCH completed
C: 14 UID FETCH 2 (UID BODY.PEEK[]<0.32768>)
S: * 2 FETCH (UID 2 BODY[]<0> {741}
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
S: --b1
S: Content-Type: multipart/alternative; boundary="b2"
S: 
S: --b2
S: Content-Type: text/plain; charset=utf-8
S: Content-Transfer-Encoding: quoted-printable
S: 
S: Sch=C3=B6n!
S: --b2
S: Content-Type: text/html; charset=utf-8
S: Content-Transfer-Encoding: quoted-printable
S: 
S: <p>Sch=C3=B6n!</p>
S: --b2--
S: --b1
S: Content-Type: image/png; name="photo.png"
S: Content-Transfer-Encoding: base64
S: Content-Disposition: attachment; filename="photo.png"
S: 
S: iVBORw0KGgo=
S: --b1--
S: )
S: 14 OK FETCH completed
C: 15 UID STORE 1,2 +FLAGS.SILENT (\Seen)
S: 15 OK STORE completed
C: 16 UID STORE 1 +FLAGS.SILENT (\Flagged)
S: 16 OK STORE completed
C: 17 UID SEARCH OR OR OR OR SUBJECT "photo" FROM "photo" TO "photo" CC "photo" BODY "photo" NOT DELETED
S: * SEARCH 2
S: 17 OK SEARCH completed
C: 18 UID MOVE 1 "Archive"
S~ \* OK \[COPYUID [0-9]+ 1 1\] moved
S: * 1 EXPUNGE
S: 18 OK MOVE completed
C: 19 UID SEARCH UID 2 NOT DELETED
S: * SEARCH 2
S: 19 OK SEARCH completed
C: 20 UID FETCH 2 (UID FLAGS)
S: * 1 FETCH (UID 2 FLAGS (\Seen))
S: 20 OK FETCH completed
C: 21 IDLE
S: + idling
@mail note.eml
S: * 2 EXISTS
C: DONE
S: 21 OK IDLE completed
C: 22 UID SEARCH UID 3:* NOT DELETED
S: * SEARCH 3
S: 22 OK SEARCH completed
C: 23 UID STORE 3 +FLAGS.SILENT (\Deleted)
S: 23 OK STORE completed
C: 24 UID EXPUNGE 3
S: * 2 EXPUNGE
S: 24 OK EXPUNGE completed
C: 25 UID SEARCH HEADER MESSAGE-ID "photo@a.test"
S: * SEARCH 2
S: 25 OK SEARCH completed
C: 26 CREATE "Work"
S~ 26 OK .*
C: 27 STATUS "Work" (UIDVALIDITY)
S~ \* STATUS "Work" \(UIDVALIDITY [0-9]+\)
S: 27 OK STATUS completed
C: 28 LOGOUT
S: * BYE until next time
S: 28 OK LOGOUT completed
