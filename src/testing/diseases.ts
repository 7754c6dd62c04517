/** A CSV with the columns of the Python project's example, its values made up from a seed: names with spaces, mixed case. */
export function diseasesCsv(rows: number, seed = 1): string {
  let state = seed;
  const pick = <T>(values: readonly T[]): T => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return values[Math.floor((state / 2 ** 32) * values.length)] as T;
  };
  const answers = ['Yes', 'No'];
  const levels = ['Low', 'Normal', 'High'];
  const header =
    'Disease,Fever,Cough,Fatigue,Difficulty Breathing,Age,Gender,Blood Pressure,Cholesterol Level,Outcome Variable';
  const row = (): string =>
    [
      pick(['Influenza', 'Asthma', 'Common Cold', 'Eczema', 'Migraine', "Crohn's Disease"]),
      pick(answers),
      pick(answers),
      pick(answers),
      pick(answers),
      18 + pick(Array.from({ length: 70 }, (_, i) => i)),
      pick(['Female', 'Male']),
      pick(levels),
      pick(levels),
      pick(['Positive', 'Negative']),
    ].join(',');
  return `${[header, ...Array.from({ length: rows }, row)].join('\n')}\n`;
}
