/** What other rooms may want beside a whole command line. */
export { parseProject } from './parse/parse-project.ts';
export { selectNodes } from './select/select.ts';
