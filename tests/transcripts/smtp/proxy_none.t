# A listed proxy that begins with something else is cut off without a word.
@listener proxied
C: EHLO mail.b.test
S!
