"""How requests are divided between versions, by three providers behind one interface. Pure rendering and reading."""
