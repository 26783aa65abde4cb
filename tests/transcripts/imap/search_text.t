# SEARCH in what a person sees: HTML, base64, charsets, attached messages, repeated fields, FUZZY.
S~ \* OK .*
C: a LOGIN alice@a.test secret
S~ a OK \[CAPABILITY .* SEARCH=FUZZY .*\] .*
C: b1 APPEND INBOX {265+}
C: Subject: =?koi8-r?B?8NLJ18XU?=
C: To: one@b.test
C: To: "Other, Two" <two@c.test>
C: Content-Type: text/html; charset=utf-8
C: 
C: <html><head><title>hidden</title><style>p { color: red }</style></head>
C: <p>Stra&szlig;e and <b>bo</b>ld,
C: over   two lines</p><!-- secret -->
C: 
S~ b1 OK .*
C: b2 APPEND INBOX {406+}
C: Subject: second
C: X-Note: =?iso-8859-1?Q?=E9t=E9?=
C: X-Note: winter
C: Content-Type: multipart/mixed; boundary=b
C: 
C: --b
C: Content-Type: text/plain; charset=windows-1251
C: Content-Transfer-Encoding: base64
C: 
C: z/Do4uXyIOzo8A==
C: --b
C: Content-Type: message/rfc822
C: 
C: Subject: inner letter
C: From: deep@d.test
C: 
C: inside
C: --b
C: Content-Type: application/octet-stream; name*=utf-8''gr%C3%BCn.bin
C: 
C: not looked at
C: --b--
C: 
S~ b2 OK .*
C: c SELECT INBOX
S* c OK .*
C: d1 SEARCH BODY "bold, over two LINES"
S: * SEARCH 1
S: d1 OK SEARCH completed
C: d2 SEARCH OR BODY color OR BODY hidden BODY secret
S: * SEARCH
S: d2 OK SEARCH completed
C: d3 SEARCH BODY strasse
S: * SEARCH 1
S: d3 OK SEARCH completed
C: d4 SEARCH CHARSET KOI8-R SUBJECT {6+}
C- \xd0\xd2\xc9\xd7\xc5\xd4\r\n
S: * SEARCH 1
S: d4 OK SEARCH completed
C: d5 SEARCH CHARSET UTF-8 SUBJECT {12+}
C: пРИВЕТ
S: * SEARCH 1
S: d5 OK SEARCH completed
C: d6 SEARCH CHARSET UTF-8 BODY {19+}
C: привет мир
S: * SEARCH 2
S: d6 OK SEARCH completed
C: d7 SEARCH TO two@c.test
S: * SEARCH 1
S: d7 OK SEARCH completed
C: d8 SEARCH TO "other, two"
S: * SEARCH 1
S: d8 OK SEARCH completed
C: d9 SEARCH HEADER X-Note WINTER HEADER X-Note "ete"
S: * SEARCH
S: d9 OK SEARCH completed
C: d10 SEARCH CHARSET UTF-8 HEADER X-Note WINTER HEADER X-Note {5+}
C: ÉTÉ
S: * SEARCH 2
S: d10 OK SEARCH completed
# An attached message is body, a part's header is not.
C: e1 SEARCH BODY "inner letter" BODY deep@d.test BODY inside
S: * SEARCH 2
S: e1 OK SEARCH completed
C: e2 SEARCH SUBJECT inner
S: * SEARCH
S: e2 OK SEARCH completed
C: e3 SEARCH BODY "octet-stream"
S: * SEARCH
S: e3 OK SEARCH completed
C: e4 SEARCH CHARSET UTF-8 TEXT {9+}
C: GRÜN.BIN
S: * SEARCH 2
S: e4 OK SEARCH completed
C: e5 SEARCH TEXT "subject: second"
S: * SEARCH 2
S: e5 OK SEARCH completed
C: e6 SEARCH BODY "not looked at"
S: * SEARCH
S: e6 OK SEARCH completed
C: e7 SEARCH TEXT ""
S: * SEARCH 1 2
S: e7 OK SEARCH completed
# FUZZY: the words in any order, most of them; the whole text is the best match.
C: f1 SEARCH FUZZY BODY "lines two over nosuchword"
S: * SEARCH 1
S: f1 OK SEARCH completed
C: f2 SEARCH RETURN (RELEVANCY ALL) FUZZY OR BODY "over two lines" BODY "inside mir"
S: * ESEARCH (TAG "f2") ALL 1:2 RELEVANCY (100 45)
S: f2 OK SEARCH completed
C: f3 SEARCH FUZZY BODY "lines none nothing"
S: * SEARCH
S: f3 OK SEARCH completed
C: f4 SEARCH RETURN (RELEVANCY) ALL
S: f4 BAD RELEVANCY needs a FUZZY key
C: f5 SEARCH RETURN (PARTIAL 1:1 RELEVANCY) FUZZY SUBJECT "second letter"
S: * ESEARCH (TAG "f5") PARTIAL (1:1 2) RELEVANCY (45)
S: f5 OK SEARCH completed
C: f6 SEARCH RETURN (PARTIAL 3:9) ALL
S: * ESEARCH (TAG "f6") PARTIAL (3:9 NIL)
S: f6 OK SEARCH completed
C: f7 SEARCH RETURN (PARTIAL 1:1 ALL) ALL
S: f7 BAD either ALL or PARTIAL
C: f8 SEARCH RETURN (PARTIAL 1:1 PARTIAL 2:2) ALL
S: f8 BAD PARTIAL more than once
