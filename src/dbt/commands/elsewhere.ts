import { DuckhouseError } from '../../errors.ts';

/** Thrown when a command is run beside an open database and the project's is another one. */
export class DatabaseElsewhere extends DuckhouseError {
  constructor(file: string) {
    super('InvalidArgument', `the project's database ${file} is not the one that is open`);
  }
}
