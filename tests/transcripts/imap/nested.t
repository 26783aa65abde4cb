# A letter in a letter: nested section numbers, MIME headers, HEADER.FIELDS.NOT, partial headers.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b APPEND Drafts {435+}
C: From: Alice <alice@a.test>
C: Subject: forwarded
C: X-Trace: one
C: X-Trace: two
C: Content-Type: multipart/mixed; boundary="out"
C: 
C: --out
C: Content-Type: text/plain
C: 
C: see below
C: --out
C: Content-Type: message/rfc822
C: 
C: From: Inner <inner@c.test>
C: Subject: the letter inside
C: Content-Type: multipart/alternative; boundary="in"
C: 
C: --in
C: Content-Type: text/plain
C: 
C: inner text
C: --in
C: Content-Type: text/html
C: 
C: <p>inner html</p>
C: --in--
C: --out--
C: 
S~ b OK .*
C: c SELECT Drafts
S* c OK .*
C: d1 FETCH 1 BODY.PEEK[1]
S: * 1 FETCH (BODY[1] {9}
S: see below)
S: d1 OK FETCH completed
C: d2 FETCH 1 BODY.PEEK[2.HEADER]
S: * 1 FETCH (BODY[2.HEADER] {110}
S: From: Inner <inner@c.test>
S: Subject: the letter inside
S: Content-Type: multipart/alternative; boundary="in"
S: 
S: )
S: d2 OK FETCH completed
C: d3 FETCH 1 BODY.PEEK[2.TEXT]
S: * 1 FETCH (BODY[2.TEXT] {104}
S: --in
S: Content-Type: text/plain
S: 
S: inner text
S: --in
S: Content-Type: text/html
S: 
S: <p>inner html</p>
S: --in--)
S: d3 OK FETCH completed
C: d4 FETCH 1 BODY.PEEK[2]
S: * 1 FETCH (BODY[2] {214}
S: From: Inner <inner@c.test>
S: Subject: the letter inside
S: Content-Type: multipart/alternative; boundary="in"
S: 
S: --in
S: Content-Type: text/plain
S: 
S: inner text
S: --in
S: Content-Type: text/html
S: 
S: <p>inner html</p>
S: --in--)
S: d4 OK FETCH completed
C: d5 FETCH 1 BODY.PEEK[2.1]
S: * 1 FETCH (BODY[2.1] {10}
S: inner text)
S: d5 OK FETCH completed
C: d6 FETCH 1 BODY.PEEK[2.2]
S: * 1 FETCH (BODY[2.2] {17}
S: <p>inner html</p>)
S: d6 OK FETCH completed
C: d7 FETCH 1 BODY.PEEK[2.2.MIME]
S: * 1 FETCH (BODY[2.2.MIME] {27}
S: Content-Type: text/html
S: 
S: )
S: d7 OK FETCH completed
C: d8 FETCH 1 BODY.PEEK[2.MIME]
S: * 1 FETCH (BODY[2.MIME] {32}
S: Content-Type: message/rfc822
S: 
S: )
S: d8 OK FETCH completed
C: d9 FETCH 1 BODY.PEEK[2.HEADER.FIELDS (subject)]
S: * 1 FETCH (BODY[2.HEADER.FIELDS (subject)] {30}
S: Subject: the letter inside
S: 
S: )
S: d9 OK FETCH completed
C: d10 FETCH 1 BODY.PEEK[HEADER.FIELDS.NOT (X-Trace Content-Type)]
S: * 1 FETCH (BODY[HEADER.FIELDS.NOT (X-Trace Content-Type)] {50}
S: From: Alice <alice@a.test>
S: Subject: forwarded
S: 
S: )
S: d10 OK FETCH completed
C: d11 FETCH 1 BODY.PEEK[HEADER.FIELDS (X-Trace X-None)]
S: * 1 FETCH (BODY[HEADER.FIELDS (X-Trace X-None)] {30}
S: X-Trace: one
S: X-Trace: two
S: 
S: )
S: d11 OK FETCH completed
C: d12 FETCH 1 BODY.PEEK[HEADER.FIELDS (X-None)]
S: * 1 FETCH (BODY[HEADER.FIELDS (X-None)] {2}
S: 
S: )
S: d12 OK FETCH completed
C: d13 FETCH 1 BODY.PEEK[HEADER.FIELDS (X-Trace)]<3.8>
S: * 1 FETCH (BODY[HEADER.FIELDS (X-Trace)]<3> {8}
S: race: on)
S: d13 OK FETCH completed
C: d14 FETCH 1 BODY.PEEK[HEADER]<5.10>
S: * 1 FETCH (BODY[HEADER]<5> {10}
S:  Alice <al)
S: d14 OK FETCH completed
C: d15 FETCH 1 BODY.PEEK[TEXT]<0.20>
S: * 1 FETCH (BODY[TEXT]<0> {20}
S: --out
S: Content-Type:)
S: d15 OK FETCH completed
C: e FETCH 1 (BODY.PEEK[2.3] BODY.PEEK[1.HEADER] BODY.PEEK[3.MIME])
S: * 1 FETCH (BODY[2.3] NIL BODY[1.HEADER] NIL BODY[3.MIME] NIL)
S: e OK FETCH completed
C: f SEARCH BODY "inner html"
S: * SEARCH 1
S: f OK SEARCH completed
C: g SEARCH SUBJECT inside
S: * SEARCH
S: g OK SEARCH completed
C: h FETCH 1 RFC822.SIZE
S: * 1 FETCH (RFC822.SIZE 435)
S: h OK FETCH completed
C: i FETCH 1 RFC822.TEXT
S: * 1 FETCH (RFC822.TEXT {310}
S: --out
S: Content-Type: text/plain
S: 
S: see below
S: --out
S: Content-Type: message/rfc822
S: 
S: From: Inner <inner@c.test>
S: Subject: the letter inside
S: Content-Type: multipart/alternative; boundary="in"
S: 
S: --in
S: Content-Type: text/plain
S: 
S: inner text
S: --in
S: Content-Type: text/html
S: 
S: <p>inner html</p>
S: --in--
S: --out--
S: )
S: * 1 FETCH (UID 1 FLAGS (\Seen))
S: i OK FETCH completed
