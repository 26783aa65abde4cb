# Thunderbird, as its protocol log shows it: a new account, and a day's work.
@mail note.eml
@mail photo.eml
S~ \* OK \[CAPABILITY IMAP4rev1 .*
C: 1 capability
S~ \* CAPABILITY IMAP4rev1 .*
S: 1 OK CAPABILITY completed
C: 2 authenticate PLAIN
S: + 
C: AGFsaWNlQGEudGVzdABzZWNyZXQ=
S~ 2 OK \[CAPABILITY IMAP4rev1 .*
C: 3 capability
S~ \* CAPABILITY IMAP4rev1 .*
S: 3 OK CAPABILITY completed
C: 4 ID ("name" "Thunderbird" "version" "115.12.2")
S~ \* ID \("name" "Posthorn" .*\)
S: 4 OK ID completed
C: 5 enable CONDSTORE
S: * ENABLED CONDSTORE
S: 5 OK ENABLE completed
C: 6 namespace
S~ \* NAMESPACE \(\("" "/"\)\) .*
S~ 6 OK .*
# Subscribed ones first, with their uses; then what else there is.
C: 7 list (subscribed) "" "*" return (special-use)
S: * LIST (\HasNoChildren \Subscribed \Archive) "/" "Archive"
S: * LIST (\HasNoChildren \Subscribed \Drafts) "/" "Drafts"
S: * LIST (\HasNoChildren \Subscribed) "/" "INBOX"
S: * LIST (\HasNoChildren \Subscribed \Junk) "/" "Junk"
S: * LIST (\HasNoChildren \Subscribed \Sent) "/" "Sent"
S: * LIST (\HasNoChildren \Subscribed \Trash) "/" "Trash"
S: 7 OK LIST completed
C: 8 list "" "INBOX"
S: * LIST (\HasNoChildren) "/" "INBOX"
S: 8 OK LIST completed
C: 9 list "" "Trash"
S: * LIST (\HasNoChildren \Trash) "/" "Trash"
S: 9 OK LIST completed
C: 10 select "INBOX" (CONDSTORE)
S* \* 2 EXISTS
S* 10 OK \[READ-WRITE\] .*
C: 11 getquotaroot "INBOX"
S: * QUOTAROOT "INBOX" "alice@a.test"
S~ \* QUOTA "alice@a\.test" \(.*\)
S~ 11 OK .*
C: 12 UID fetch 1:* (FLAGS)
S: * 1 FETCH (UID 1 FLAGS ())
S: * 2 FETCH (UID 2 FLAGS ())
S: 12 OK FETCH completed
C: 13 UID fetch 1:2 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Resent-Message-ID Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])
S: * 1 FETCH (UID 1 RFC822.SIZE 149 FLAGS () BODY[HEADER.FIELDS (From To Cc Bcc Resent-Message-ID Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)] {139}
S: From: Bob Brown <bob@b.test>
S: To: Alice <alice@a.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: Message-ID: <note@b.test>
S: 
S: )
S: * 2 FETCH (UID 2 RFC822.SIZE 741 FLAGS () BODY[HEADER.FIELDS (From To Cc Bcc Resent-Message-ID Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)] {271}
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
S: 13 OK FETCH completed
C: 14 IDLE
S: + idling
@mail note.eml
S: * 3 EXISTS
C: DONE
S: 14 OK IDLE completed
C: 15 noop
S: 15 OK NOOP completed
C: 16 UID fetch 3:* (FLAGS)
S: * 3 FETCH (UID 3 FLAGS ())
S: 16 OK FETCH completed
C: 17 UID fetch 3 (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Resent-Message-ID Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])
S: * 3 FETCH (UID 3 RFC822.SIZE 149 FLAGS () BODY[HEADER.FIELDS (From To Cc Bcc Resent-Message-ID Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)] {139}
S: From: Bob Brown <bob@b.test>
S: To: Alice <alice@a.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: Message-ID: <note@b.test>
S: 
S: )
S: 17 OK FETCH completed
# A letter is read: whole, in pieces if it is long, and its parts when it is asked for them.
C: 18 UID fetch 1 (UID RFC822.SIZE BODY[])
S: * 1 FETCH (UID 1 RFC822.SIZE 149 BODY[] {149}
S: From: Bob Brown <bob@b.test>
S: To: Alice <alice@a.test>
S: Subject: lunch
S: Date: Sat, 7 Feb 2026 21:52:25 +0000
S: Message-ID: <note@b.test>
S: 
S: At noon?
S: )
S~ \* 1 FETCH \(UID 1 FLAGS \(\\Seen\) MODSEQ \([0-9]+\)\)
S: 18 OK FETCH completed
C: 19 UID fetch 2 (UID RFC822.SIZE BODY.PEEK[]<0.65536>)
S: * 2 FETCH (UID 2 RFC822.SIZE 741 BODY[]<0> {741}
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
S: 19 OK FETCH completed
C: 20 UID fetch 2 (BODYSTRUCTURE)
S: * 2 FETCH (UID 2 BODYSTRUCTURE ((("text" "plain" ("charset" "utf-8") NIL NIL "quoted-printable" 11 1 NIL NIL NIL NIL)("text" "html" ("charset" "utf-8") NIL NIL "quoted-printable" 18 1 NIL NIL NIL NIL) "alternative" ("boundary" "b2") NIL NIL NIL)("image" "png" ("name" "photo.png") NIL NIL "base64" 12 NIL ("attachment" ("filename" "photo.png")) NIL NIL) "mixed" ("boundary" "b1") NIL NIL NIL))
S: 20 OK FETCH completed
C: 21 UID fetch 2 (BODY.PEEK[HEADER] BODY.PEEK[1.1.MIME] BODY.PEEK[1.1])
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
S:  BODY[1.1.MIME] {88}
S: Content-Type: text/plain; charset=utf-8
S: Content-Transfer-Encoding: quoted-printable
S: 
S:  BODY[1.1] {11}
S: Sch=C3=B6n!)
S: 21 OK FETCH completed
C: 22 uid store 2 +Flags (\Seen)
S~ \* 2 FETCH \(UID 2 FLAGS \(\\Seen\) MODSEQ \([0-9]+\)\)
S: 22 OK STORE completed
C: 23 uid store 2 +FLAGS ($label1)
S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $label1)
S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $label1 \*)] kept
S~ \* 2 FETCH \(UID 2 FLAGS \(\\Seen \$label1\) MODSEQ \([0-9]+\)\)
S: 23 OK STORE completed
C: 24 uid store 3 +FLAGS (NonJunk)
S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $label1 NonJunk)
S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $label1 NonJunk \*)] kept
S~ \* 3 FETCH \(UID 3 FLAGS \(NonJunk\) MODSEQ \([0-9]+\)\)
S: 24 OK STORE completed
C: 25 uid store 1 +FLAGS (\Answered)
S~ \* 1 FETCH \(UID 1 FLAGS \(\\Answered \\Seen\) MODSEQ \([0-9]+\)\)
S: 25 OK STORE completed
# A draft and the copy of what was sent; the literal waits for leave.
C: 26 append "Sent" (\Seen) "07-Feb-2026 22:00:00 +0000" {68}
S: + send it
C: From: alice@a.test
C: Message-ID: <sent@a.test>
C: Subject: re
C: 
C: Yes.
C: 
S~ 26 OK \[APPENDUID [0-9]+ 1\] APPEND completed
C: 27 select "Sent"
S* \* 1 EXISTS
S* 27 OK \[READ-WRITE\] .*
C: 28 uid search UNDELETED HEADER Message-ID <sent@a.test>
S: * SEARCH 1
S: 28 OK SEARCH completed
C: 29 status "INBOX" (UIDNEXT MESSAGES UNSEEN RECENT)
S: * STATUS "INBOX" (MESSAGES 3 RECENT 0 UIDNEXT 4 UNSEEN 1)
S: 29 OK STATUS completed
# Into a folder by MOVE; into the Trash as those do that have no MOVE.
C: 30 select "INBOX" (CONDSTORE)
S* \* 3 EXISTS
S* 30 OK \[READ-WRITE\] .*
C: 31 create "Work"
S~ 31 OK .*
C: 32 subscribe "Work"
S: 32 OK SUBSCRIBE completed
C: 33 uid move 3 "Work"
S~ \* OK \[COPYUID [0-9]+ 3 1\] moved
S: * 3 EXPUNGE
S~ 33 OK \[HIGHESTMODSEQ [0-9]+\] MOVE completed
C: 34 uid copy 1 "Trash"
S~ 34 OK \[COPYUID [0-9]+ 1 1\] COPY completed
C: 35 uid store 1 +FLAGS (\Deleted \Seen)
S~ \* 1 FETCH \(UID 1 FLAGS \(\\Answered \\Deleted \\Seen\) MODSEQ \([0-9]+\)\)
S: 35 OK STORE completed
C: 36 expunge
S: * 1 EXPUNGE
S~ 36 OK \[HIGHESTMODSEQ [0-9]+\] EXPUNGE completed
C: 37 UID fetch 1:* (FLAGS) (CHANGEDSINCE 1)
S~ \* 1 FETCH \(UID 2 MODSEQ \([0-9]+\) FLAGS \(\\Seen \$label1\)\)
S: 37 OK FETCH completed
C: 38 uid search charset UTF-8 UNDELETED SUBJECT "photo"
S: * SEARCH 2
S: 38 OK SEARCH completed
C: 39 check
S: 39 OK CHECK completed
C: 40 close
S: 40 OK CLOSE completed
C: 41 logout
S: * BYE until next time
S: 41 OK LOGOUT completed
