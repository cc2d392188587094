# Builds the command line `bima` and puts it on the PATH.
PREFIX ?= /usr/local

.PHONY: all build install uninstall
build: node_modules
	npm run bundle

# One bundle serves every architecture that Node runs on.
all: build

install:
	install -d $(DESTDIR)$(PREFIX)/bin
	{ cat scripts/launcher.sh; tail -n +2 dist/cli.cjs; } > $(DESTDIR)$(PREFIX)/bin/bima.new
	chmod 0755 $(DESTDIR)$(PREFIX)/bin/bima.new
	mv $(DESTDIR)$(PREFIX)/bin/bima.new $(DESTDIR)$(PREFIX)/bin/bima
	install -D -m 0644 docs/bima.1 $(DESTDIR)$(PREFIX)/share/man/man1/bima.1
	install -D -m 0644 dist/licences.txt $(DESTDIR)$(PREFIX)/share/doc/bima/licences.txt
	install -D -m 0644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/bima/LICENSE

uninstall:
	rm -rf $(DESTDIR)$(PREFIX)/bin/bima $(DESTDIR)$(PREFIX)/share/man/man1/bima.1 $(DESTDIR)$(PREFIX)/share/doc/bima

node_modules: package-lock.json
	npm ci
	touch node_modules
