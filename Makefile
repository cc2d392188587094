# Builds the command line `bima` and puts it on the PATH.
PREFIX ?= /usr/local

.PHONY: all build install uninstall
build: node_modules
	npm run build

# One bundle serves every architecture that Node runs on.
all: build

install:
	install -D -m 0755 dist/cli.cjs $(DESTDIR)$(PREFIX)/bin/bima
	install -D -m 0644 dist/licences.txt $(DESTDIR)$(PREFIX)/share/doc/bima/licences.txt
	install -D -m 0644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/bima/LICENSE

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/bin/bima $(DESTDIR)$(PREFIX)/share/doc/bima

node_modules: package-lock.json
	npm ci
	touch node_modules
