"""Three real years of census rows with their true answers: what Mooring says of each window, and what peers say."""
