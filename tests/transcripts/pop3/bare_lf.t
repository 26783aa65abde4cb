# LF alone ends no line: none that follows would be believed.
S: +OK Posthorn POP3 ready
C- CAPA\n
S: -ERR a line ends with CR LF, goodbye
S!
