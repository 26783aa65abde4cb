# Apple's Mail on a Mac and a telephone, as servers' logs show it: folders, counts, structure, then parts.
@mail note.eml
@mail photo.eml
S~ \* OK \[CAPABILITY IMAP4rev1 .*
C: 1.1 CAPABILITY
S~ \* CAPABILITY IMAP4rev1 .*
S: 1.1 OK CAPABILITY completed
C: 2.1 AUTHENTICATE PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ=
S~ 2\.1 OK \[CAPABILITY IMAP4rev1 .*
C: 3.1 CAPABILITY
S~ \* CAPABILITY IMAP4rev1 .*
S: 3.1 OK CAPABILITY completed
C: 4.1 ID ("name" "Mac OS X Mail" "version" "16.0 (3731.700.6)" "os" "Mac OS X" "os-version" "13.6 (22G120)" "vendor" "Apple Inc.")
S~ \* ID \("name" "Posthorn" .*\)
S: 4.1 OK ID completed
C: 5.1 ENABLE CONDSTORE
S: * ENABLED CONDSTORE
S: 5.1 OK ENABLE completed
C: 6.1 NAMESPACE
S~ \* NAMESPACE \(\("" "/"\)\) .*
S~ 6\.1 OK .*
C: 7.1 LIST "" ""
S: * LIST (\Noselect) "/" ""
S: 7.1 OK LIST completed
C: 8.1 LIST "" "*" RETURN (SPECIAL-USE)
S: * LIST (\HasNoChildren \Archive) "/" "Archive"
S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
S: * LIST (\HasNoChildren) "/" "INBOX"
S: * LIST (\HasNoChildren \Junk) "/" "Junk"
S: * LIST (\HasNoChildren \Sent) "/" "Sent"
S: * LIST (\HasNoChildren \Trash) "/" "Trash"
S: 8.1 OK LIST completed
C: 9.1 LSUB "" "*"
S: * LSUB () "/" "Archive"
S: * LSUB () "/" "Drafts"
S: * LSUB () "/" "INBOX"
S: * LSUB () "/" "Junk"
S: * LSUB () "/" "Sent"
S: * LSUB () "/" "Trash"
S: 9.1 OK LSUB completed
C: 10.1 STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)
S~ \* STATUS "INBOX" \(MESSAGES 2 UIDNEXT 3 UIDVALIDITY [0-9]+ UNSEEN 2 HIGHESTMODSEQ [0-9]+\)
S: 10.1 OK STATUS completed
C: 11.1 STATUS "Sent" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ)
S~ \* STATUS "Sent" \(MESSAGES 0 UIDNEXT 1 UIDVALIDITY [0-9]+ UNSEEN 0 HIGHESTMODSEQ [0-9]+\)
S: 11.1 OK STATUS completed
C: 12.1 SELECT INBOX (CONDSTORE)
S* \* 2 EXISTS
S* 12\.1 OK \[READ-WRITE\] .*
C: 13.1 FETCH 1:2 (FLAGS UID MODSEQ)
S~ \* 1 FETCH \(FLAGS \(\) UID 1 MODSEQ \([0-9]+\)\)
S~ \* 2 FETCH \(FLAGS \(\) UID 2 MODSEQ \([0-9]+\)\)
S: 13.1 OK FETCH completed
C: 14.1 UID FETCH 1:2 (INTERNALDATE UID RFC822.SIZE FLAGS BODYSTRUCTURE BODY.PEEK[HEADER.FIELDS (date subject from to cc message-id in-reply-to references content-type x-priority x-uniform-type-identifier x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location x-bimi-indicator-hash authentication-results dkim-signature)] MODSEQ)
S~ \* 1 FETCH \(INTERNALDATE "[^"]+" UID 1 RFC822\.SIZE 149 FLAGS \(\) BODYSTRUCTURE \("text" "plain" \("charset" "us-ascii"\) NIL NIL "7bit" 10 1 NIL NIL NIL NIL\) BODY\[HEADER\.FIELDS \(date subject from to cc message-id in-reply-to references content-type x-priority x-uniform-type-identifier x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location x-bimi-indicator-hash authentication-results dkim-signature\)\] \{139\}
S: From: Bob Brown <bob@b.test>
S: To: Alice <alice@a.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: Message-ID: <note@b.test>
S: 
S~  MODSEQ \([0-9]+\)\)
S~ \* 2 FETCH \(INTERNALDATE "[^"]+" UID 2 RFC822\.SIZE 741 FLAGS \(\) BODYSTRUCTURE \(\(\("text" "plain" \("charset" "utf-8"\) NIL NIL "quoted-printable" 11 1 NIL NIL NIL NIL\)\("text" "html" \("charset" "utf-8"\) NIL NIL "quoted-printable" 18 1 NIL NIL NIL NIL\) "alternative" \("boundary" "b2"\) NIL NIL NIL\)\("image" "png" \("name" "photo\.png"\) NIL NIL "base64" 12 NIL \("attachment" \("filename" "photo\.png"\)\) NIL NIL\) "mixed" \("boundary" "b1"\) NIL NIL NIL\) BODY\[HEADER\.FIELDS \(date subject from to cc message-id in-reply-to references content-type x-priority x-uniform-type-identifier x-universally-unique-identifier list-id list-unsubscribe bimi-indicator bimi-location x-bimi-indicator-hash authentication-results dkim-signature\)\] \{271\}
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
S~  MODSEQ \([0-9]+\)\)
S: 14.1 OK FETCH completed
C: 15.1 UID FETCH 2 (BODY.PEEK[1.2]<0.1024> UID)
S: * 2 FETCH (BODY[1.2]<0> {18}
S: <p>Sch=C3=B6n!</p> UID 2)
S: 15.1 OK FETCH completed
C: 16.1 UID FETCH 2 (BODY.PEEK[HEADER] BODY.PEEK[TEXT])
S: * 2 FETCH (UID 2 BODY[HEADER] {290}
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
S:  BODY[TEXT] {451}
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
S: 16.1 OK FETCH completed
C: 17.1 UID FETCH 1 BODY.PEEK[]
S: * 1 FETCH (UID 1 BODY[] {149}
S: From: Bob Brown <bob@b.test>
S: To: Alice <alice@a.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: Message-ID: <note@b.test>
S: 
S: At noon?
S: )
S: 17.1 OK FETCH completed
C: 18.1 UID STORE 1 +FLAGS.SILENT (\Seen)
S~ \* 1 FETCH \(UID 1 MODSEQ \([0-9]+\)\)
S: 18.1 OK STORE completed
C: 19.1 UID STORE 2 +FLAGS.SILENT ($MailFlagBit0 \Flagged)
S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $MailFlagBit0)
S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $MailFlagBit0 \*)] kept
S~ \* 2 FETCH \(UID 2 MODSEQ \([0-9]+\)\)
S: 19.1 OK STORE completed
# A telephone asks for what is not deleted, and for what is recent.
C: 20.1 UID SEARCH 1:* NOT DELETED
S: * SEARCH 1 2
S: 20.1 OK SEARCH completed
C: 21.1 UID SEARCH RETURN (ALL) UID 1:2 SINCE 1-Jan-2026 UNDELETED
S: * ESEARCH (TAG "21.1") UID ALL 1:2
S: 21.1 OK SEARCH completed
C: 22.1 IDLE
S: + idling
@mail note.eml
S: * 3 EXISTS
C: DONE
S: 22.1 OK IDLE completed
C: 23.1 UID FETCH 3:* (FLAGS UID MODSEQ)
S~ \* 3 FETCH \(FLAGS \(\) UID 3 MODSEQ \([0-9]+\)\)
S: 23.1 OK FETCH completed
C: 24.1 UID MOVE 3 "Archive"
S~ \* OK \[COPYUID [0-9]+ 3 1\] moved
S: * 3 EXPUNGE
S~ 24\.1 OK \[HIGHESTMODSEQ [0-9]+\] MOVE completed
C: 25.1 UID COPY 2 "Trash"
S~ 25\.1 OK \[COPYUID [0-9]+ 2 1\] COPY completed
C: 26.1 UID STORE 2 +FLAGS.SILENT (\Deleted)
S~ \* 2 FETCH \(UID 2 MODSEQ \([0-9]+\)\)
S: 26.1 OK STORE completed
C: 27.1 UID EXPUNGE 2
S: * 2 EXPUNGE
S~ 27\.1 OK \[HIGHESTMODSEQ [0-9]+\] EXPUNGE completed
C: 28.1 FETCH 1:1 (FLAGS UID MODSEQ) (CHANGEDSINCE 1)
S~ \* 1 FETCH \(FLAGS \(\\Seen\) UID 1 MODSEQ \([0-9]+\)\)
S: 28.1 OK FETCH completed
C: 29.1 CLOSE
S: 29.1 OK CLOSE completed
C: 30.1 LOGOUT
S: * BYE until next time
S: 30.1 OK LOGOUT completed
