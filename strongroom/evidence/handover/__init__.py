"""What is put into a bundle for whoever checks it without Strongroom: a page to read, and a script of one page."""
