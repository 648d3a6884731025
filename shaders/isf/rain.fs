/*{
    "DESCRIPTION": "The picture lies under shallow water. Every drop falls somewhere else and its rings bend the light.",
    "CREDIT": "Chromesthesia",
    "ISFVSN": "2",
    "CATEGORIES": ["Distortion Effect"],
    "INPUTS": [
        {"NAME": "inputImage", "TYPE": "image"},
        {"NAME": "drop", "LABEL": "Let a drop fall", "TYPE": "event"},
        {"NAME": "drizzle", "LABEL": "Drops by themselves", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.25},
        {"NAME": "depth", "LABEL": "Depth of the water", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "shine", "LABEL": "Shine", "TYPE": "float", "MIN": 0.0, "MAX": 1.0, "DEFAULT": 0.5},
        {"NAME": "sun", "LABEL": "Where the light comes from", "TYPE": "point2D", "MIN": [-1, -1], "MAX": [1, 1], "DEFAULT": [-0.5, 0.7]}
    ],
    "PASSES": [
        {"TARGET": "water", "PERSISTENT": true, "FLOAT": true, "WIDTH": "floor($WIDTH/3.0)", "HEIGHT": "floor($HEIGHT/3.0)"},
        {"TARGET": "settled", "PERSISTENT": true, "FLOAT": true, "WIDTH": "floor($WIDTH/3.0)", "HEIGHT": "floor($HEIGHT/3.0)"},
        {}
    ]
}*/

float chance(float seed) {
    return fract(sin(seed * 91.3458) * 47453.5453);
}

float drop_at(vec2 place, float radius) {
    vec2 away = (gl_FragCoord.xy - place * RENDERSIZE) / (radius * RENDERSIZE.y);
    return exp(-dot(away, away));
}

// The wave equation, one step: height in x, how fast it moves in y.
vec4 moved(vec4 here, vec4 around, bool rains) {
    float speed = (here.y + 0.9 * (around.x - here.x)) * 0.996;
    float height = (here.x + speed) * 0.997;
    if (rains) {
        float seed = float(FRAMEINDEX);
        if (drop) height -= 3.0 * drop_at(vec2(chance(seed), chance(seed + 0.5)), 0.028);
        if (chance(seed + 0.25) < drizzle * 0.15)
            height -= 1.6 * drop_at(vec2(chance(seed + 7.0), chance(seed + 7.5)), 0.018);
    }
    return vec4(clamp(height, -4.0, 4.0), clamp(speed, -4.0, 4.0), 0.0, 1.0);
}

#define AROUND(image) 0.25 * (IMG_PIXEL(image, at + vec2(1, 0)) + IMG_PIXEL(image, at - vec2(1, 0)) \
    + IMG_PIXEL(image, at + vec2(0, 1)) + IMG_PIXEL(image, at - vec2(0, 1)))

void main() {
    vec2 at = gl_FragCoord.xy;
    if (PASSINDEX == 0) {
        gl_FragColor = moved(IMG_THIS_PIXEL(settled), AROUND(settled), true);
    } else if (PASSINDEX == 1) {
        gl_FragColor = moved(IMG_THIS_PIXEL(water), AROUND(water), false);
    } else {
        vec2 texel = 1.0 / IMG_SIZE(settled);
        vec2 p = isf_FragNormCoord;
        vec2 slope = vec2(
            IMG_NORM_PIXEL(settled, p + vec2(texel.x, 0.0)).x - IMG_NORM_PIXEL(settled, p - vec2(texel.x, 0.0)).x,
            IMG_NORM_PIXEL(settled, p + vec2(0.0, texel.y)).x - IMG_NORM_PIXEL(settled, p - vec2(0.0, texel.y)).x);
        vec2 bend = slope * depth * 0.16 * vec2(RENDERSIZE.y / RENDERSIZE.x, 1.0);
        // Red is bent a little less than blue.
        vec3 below = vec3(
            IMG_NORM_PIXEL(inputImage, p + bend * 0.92).r,
            IMG_NORM_PIXEL(inputImage, p + bend).g,
            IMG_NORM_PIXEL(inputImage, p + bend * 1.08).b);
        float lit = dot(slope, normalize(sun + 1e-4));
        float glint = pow(clamp(lit * 3.5, 0.0, 1.0), 1.6);
        below *= 1.0 - 0.35 * clamp(-lit * 2.5, 0.0, 1.0);
        vec3 sky = mix(below, vec3(0.93, 0.96, 1.0), 0.6);
        gl_FragColor = vec4(mix(below, sky, clamp(glint * shine, 0.0, 1.0)), 1.0);
    }
}
