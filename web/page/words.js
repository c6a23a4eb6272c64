// What the page offers, and what it says of left and right.
export const EXAMPLES = [
  ["xray-1.jpg", "The left lung."],
  ["xray-2.jpg", "Lower zone of the right lung."],
  ["xray-3.jpg", "The lung on the left side of the image."],
];
export const SUGGESTIONS = [
  "The left lung.", "The right lung.", "Both lungs.", "Upper half of the left lung.", "Lower third of the patient's right lung.",
  "The lung on the left side of the image.", "Infection in the right lung.",
];
export const WHOSE = {
  patient: "A bare “left” is the patient’s left: on a frontal X-ray the right of the picture. “On the left side of the image” is the other one.",
  image: "“Left” is the left of the picture, whoever’s side that is.",
  stated: "The sentence has to say whose left it means: the patient’s or the image’s.",
};
