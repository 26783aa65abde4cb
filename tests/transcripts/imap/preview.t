# PREVIEW, RFC 8970: the first words of a letter, without its body being read by the client.
S~ \* OK \[CAPABILITY .* PREVIEW .*
C: a LOGIN alice@a.test secret
S~ a OK .*
C: b1 APPEND INBOX {48+}
C: Subject: x
C: 
C: Dear   Bob,
C: 
C: see you   soon.
C: 
C: 
S~ b1 OK .*
C: b2 APPEND INBOX {76+}
C: Content-Type: text/html
C: 
C: <style>p{}</style><p>Hi &amp; bye</p><p>you</p>
C: 
S~ b2 OK .*
C: b3 APPEND INBOX {14+}
C: Subject: x
C: 
C: 
S~ b3 OK .*
C: c SELECT INBOX
S* c OK .*
C: d FETCH 1:3 PREVIEW
S: * 1 FETCH (PREVIEW "Dear Bob, see you soon.")
S: * 2 FETCH (PREVIEW "Hi & bye you")
S: * 3 FETCH (PREVIEW "")
S: d OK FETCH completed
C: e FETCH 1 (UID PREVIEW (LAZY) FLAGS)
S: * 1 FETCH (UID 1 PREVIEW "Dear Bob, see you soon." FLAGS ())
S: e OK FETCH completed
C: f FETCH 2 PREVIEW (LAZY)
S: * 2 FETCH (PREVIEW "Hi & bye you")
S: f OK FETCH completed
C: g FETCH 3 PREVIEW (CHANGEDSINCE 1)
S~ \* OK \[HIGHESTMODSEQ .*
S~ \* 3 FETCH \(MODSEQ \([0-9]+\) PREVIEW ""\)
S: g OK FETCH completed
C: h FETCH 1 PREVIEW (LAZY) (CHANGEDSINCE 99999)
S: h OK FETCH completed
C: i FETCH 1 (PREVIEW (EAGER))
S: i BAD unknown modifier
