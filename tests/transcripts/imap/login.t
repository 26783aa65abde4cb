# LOGIN and AUTHENTICATE at their edges. RFC 9051 6.2.2, 6.2.3; RFC 4616; RFC 4959.
S~ \* OK .*
C: a1 LOGIN
C: a2 LOGIN alice@a.test
C: a3 LOGIN "" ""
C: a4 LOGIN alice@a.test secret more
C- a5 LOGIN {3+}\r\na\0b x\r\n
S: a1 BAD a space expected
S: a2 BAD a space expected
S: a3 NO [AUTHENTICATIONFAILED] wrong name or password
S: a4 BAD too many arguments or unexpected character
S: a5 BAD a literal may not hold NUL
C: b1 AUTHENTICATE
C: b2 AUTHENTICATE PLAIN =
C: b3 AUTHENTICATE PLAIN !!!!
C: b4 AUTHENTICATE PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ
C: b5 AUTHENTICATE PLAIN AGFsaWNlQGEudGVzdABzZWNyZXQ= x
C: b6 AUTHENTICATE EXTERNAL =
S: b1 BAD a space expected
S: b2 BAD malformed credentials
S: b3 BAD not base64
S: b4 BAD not base64
S: b5 BAD too many arguments or unexpected character
S: b6 NO [CANNOT] this mechanism is not offered
C: c AUTHENTICATE PLAIN
S: + 
C: 
S: c BAD malformed credentials
# Somebody else's name beside one's own password: bob NUL alice@a.test NUL secret.
C: d AUTHENTICATE PLAIN Ym9iQGEudGVzdABhbGljZUBhLnRlc3QAc2VjcmV0
S~ d NO \[.*\] .*
# In any case, the name too.
C: e authenticate plain AEFMSUNFQEEuVEVTVABzZWNyZXQ=
S~ e OK \[CAPABILITY .*\] logged in
C: f LOGIN alice@a.test secret
C: g AUTHENTICATE PLAIN
S: f BAD this command is not for the present state
S: g BAD this command is not for the present state
