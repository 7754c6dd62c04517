import { runJinjaCases } from './jinja-case-runner.ts';

/** `jinja-cases.js FILE`: runs the cases of a file, tells those that fail, exits with 1 when there is one. */
const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write('usage: jinja-cases.js FILE\n');
  process.exit(2);
}
const { passed, failed } = await runJinjaCases(file, ({ id, template, expected, actual }) => {
  process.stdout.write(`${id} ${JSON.stringify(template)}\n  expected ${expected}\n  but was  ${actual}\n`);
});
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exitCode = failed > 0 ? 1 : 0;
