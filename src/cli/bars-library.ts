// The library of progress bars, as a module: of a CommonJS package, a bundle's `import()` gives the default export alone.

export { MultiBar } from 'cli-progress';
