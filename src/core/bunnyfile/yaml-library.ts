// The only importer of the YAML library, which is loaded when a bunnyfile is read, from a bundle of its own. It imports
// nothing of ours, so that no class exists twice.

export { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
