"""Commands: thin skins that parse, call one function and print. No rule about data lives here."""
