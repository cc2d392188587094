// The one importer of the YAML library, which only a bunnyfile needs: it is loaded when one is read, and the action has it
// as a bundle of its own. It imports nothing of ours, so that no class exists twice.

export { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
