"""HL7 v2 over MLLP: a line that is listened on, each message kept before it is answered."""
